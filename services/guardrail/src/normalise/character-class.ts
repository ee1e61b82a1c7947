/** What a folded code unit is to the tokenizer and to word borders. */
export const space = 0;
export const letter = 1;
const mark = 2;
/** Written without spaces between words: each character counts as a word. */
export const ideograph = 3;

/** Class of each folded UTF-16 unit; built once a process. */
export function createClassTable(): Uint8Array {
  const table = new Uint8Array(0x10000).fill(letter);
  table.fill(mark, 0, 0xc0);
  table.fill(space, 0, 0x21);
  for (let code = 0x30; code <= 0x39; code++) table[code] = letter;
  for (let code = 0x61; code <= 0x7a; code++) table[code] = letter;
  table.fill(mark, 0x2000, 0x2c00);
  table.fill(ideograph, 0x2e80, 0xa000);
  table.fill(mark, 0x3000, 0x3040);
  table.fill(ideograph, 0xf900, 0xfb00);
  table.fill(ideograph, 0x0e00, 0x0e80); // Thai
  table.fill(mark, 0xd800, 0xe000); // halves of emoji and the like
  table[0x06d4] = mark;
  table[0x060c] = mark;
  table[0x061f] = mark;
  table[0x0964] = mark;
  return table;
}
