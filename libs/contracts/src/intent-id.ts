/**
 * Id of the intent event of a request. One that is sent round again is announced again where another replica of metering admits it, and each
 * round by an id of its own: the stream drops a second event of one id.
 * @param round the how-manieth sending round, from 1
 */
export function intentIdOf(requestId: string, round: number): string {
  return round === 1 ? `${requestId}:intent` : `${requestId}:intent-${round}`;
}

/** The sending round that an intent is of, by its event's id: what nobody settles stands at what the highest round reserved. */
export function roundOfIntent(eventId: string): number {
  return Number(/:intent-(\d{1,9})$/.exec(eventId)?.[1] ?? 1);
}
