/** Units above this share a counter: secrets are ASCII. */
const counters = 128;

/** Shannon entropy of a text's characters, bits a character. Random base64 of 32 characters has about 4.5, English words about 3.5. */
export function entropyBits(text: string): number {
  const counts = new Uint16Array(counters);
  for (let index = 0; index < text.length; index++) {
    const code = Math.min(counters - 1, text.charCodeAt(index));
    counts[code] = (counts[code] ?? 0) + 1;
  }
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
