import type { Dialect } from '@sluice/contracts';

/** Members of a stream's events whose string values are what the model wrote. */
const contentMembers: Record<Dialect, readonly string[]> = {
  'openai-chat': ['content":', 'arguments":'], // and reasoning_content
  'openai-completions': ['text":'],
  'openai-responses': ['delta":'],
  'openai-embeddings': [],
  'anthropic-messages': ['text":', 'partial_json":', 'thinking":'],
  'anthropic-count-tokens': [],
};
const quote = 0x22;
const backslash = 0x5c;
const space = 0x20;

/**
 * Bytes of model output in a piece of a stream, as JSON has them (escapes count as they stand). It searches and parses
 * nothing, for every stream pays for it and only one whose router died needs it. A member whose name is cut in two by the
 * end of the piece is missed: pieces hold whole events.
 */
export function countContentBytes(dialect: Dialect, piece: Uint8Array): number {
  const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  let count = 0;
  for (const member of contentMembers[dialect]) {
    for (let at = bytes.indexOf(member); at >= 0; at = bytes.indexOf(member, at)) {
      at += member.length;
      while (bytes[at] === space) at += 1;
      if (bytes[at] !== quote) continue;
      const start = at + 1;
      at = endOfString(bytes, start);
      count += at - start;
    }
  }
  return count;
}

/** Where the string that begins at `start` ends: its closing quote, or the end of the bytes. */
function endOfString(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at += 1) {
    if (bytes[at] === backslash) at += 1;
    else if (bytes[at] === quote) return at;
  }
  return bytes.length;
}
