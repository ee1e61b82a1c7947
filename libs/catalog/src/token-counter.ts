/** Counts the tokens of a text. */
export type CountTokens = (text: string) => number;

/**
 * Longest piece that is encoded at once, characters. The encoder merges the pairs of one word in quadratic time: 200 KB
 * of one letter took 24 s in one piece, and 0.1 s in pieces of this length.
 */
const maxPieceLength = 512;

/**
 * OpenAI's encoding `o200k_base`; for models of other vendors an estimate, for they do not publish theirs. Loaded when
 * first asked for: 0.13 s and 75 MB, which most processes never need.
 */
export async function loadTokenCounter(): Promise<CountTokens> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  // Text that spells a special token is text: it is counted, and refused by nobody.
  const asText = { disallowedSpecial: new Set<string>() };
  return (text) => {
    let total = 0;
    for (let start = 0; start < text.length;) {
      const end = endOfPiece(text, start);
      total += countTokens(text.slice(start, end), asText);
      start = end;
    }
    return total;
  };
}

/** Pieces end before a space where there is one, as tokens do. */
function endOfPiece(text: string, start: number): number {
  const longest = start + maxPieceLength;
  if (longest >= text.length) return text.length;
  const space = text.lastIndexOf(' ', longest);
  return space > start ? space : longest;
}
