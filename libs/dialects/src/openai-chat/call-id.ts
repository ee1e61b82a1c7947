/** An id for a call whose provider gave none: the answer's own keeps it apart from calls of other answers in one conversation. */
export function callIdOf(answerId: string, index: number): string {
  return `call_${answerId.replace(/[^A-Za-z0-9]/g, '').slice(-24)}_${index}`;
}
