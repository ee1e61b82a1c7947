import { membersOf, missingModel, simulatedTokens } from './simulated-request.ts';

const defaultDimensions = 256;
const maxInputs = 2_048;

/** Answers an embeddings request, or says what is wrong with it. Texts that share words get similar vectors. */
export function answerEmbeddings(body: unknown): { model: string; body: string } | string {
  const { model, input, dimensions, encoding_format } = membersOf(body);
  if (typeof model !== 'string' || model === '') return missingModel;
  const texts = readInputs(input);
  if (texts === undefined || texts.length === 0 || texts.length > maxInputs)
    return `'input' must be a text, tokens, or up to ${maxInputs} of them`;
  const size = typeof dimensions === 'number' && dimensions >= 1 && dimensions <= 4_096 ? Math.trunc(dimensions) : defaultDimensions;
  const data = texts.map((text, index) => {
    const vector = embed(text, size);
    const embedding = encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector);
    return { object: 'embedding', index, embedding };
  });
  const tokens = texts.reduce((sum, text) => sum + simulatedTokens(text), 0);
  return { model, body: JSON.stringify({ object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } }) };
}

function readInputs(input: unknown): string[] | undefined {
  if (typeof input === 'string') return [input];
  if (!Array.isArray(input)) return undefined;
  if (input.every((item) => typeof item === 'number')) return [input.join(' ')];
  if (!input.every((item) => typeof item === 'string' || Array.isArray(item))) return undefined;
  return input.map((item) => (typeof item === 'string' ? item : item.join(' ')));
}

/** Unit vector of hashed words (FNV-1a), little-endian float32. */
function embed(text: string, size: number): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(size);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    let hash = 0x811c9dc5;
    for (let index = 0; index < word.length; index += 1) hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193);
    const slot = (hash >>> 1) % size;
    vector[slot] = (vector[slot] ?? 0) + (hash & 1 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  if (length === 0) vector[0] = 1;
  else for (let slot = 0; slot < size; slot += 1) vector[slot] = (vector[slot] ?? 0) / length;
  return vector;
}
