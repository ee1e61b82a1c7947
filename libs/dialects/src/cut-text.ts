/** For property specs: cuts a text into pieces of the given sizes, in turn; between characters, for no tokenizer sends halves of a surrogate pair apart. */
export function cutText(text: string, sizes: readonly number[]): string[] {
  const characters = Array.from(text);
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < characters.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    pieces.push(characters.slice(at, at + size).join(''));
    at += size;
  }
  return pieces;
}
