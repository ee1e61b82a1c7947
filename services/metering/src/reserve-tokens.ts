import type { Envelope, Reservation } from '@sluice/contracts';

/** English text has about four bytes a token; the settlement puts the provider's count in its place. */
const bytesPerToken = 4;

/** What is held of a request until its settlement: its input, and the output to expect. Vectors are no output, and counting is free. */
export function reserveTokens(
  { dialect, maxOutputTokens }: Pick<Envelope, 'dialect' | 'maxOutputTokens'>,
  bodyBytes: number,
  expectedOutputTokens: number | undefined,
  defaultOutputTokens: number,
): Pick<Reservation, 'inputTokens' | 'outputTokens'> {
  if (dialect === 'anthropic-count-tokens') return { inputTokens: 0, outputTokens: 0 };
  const inputTokens = Math.ceil(bodyBytes / bytesPerToken);
  if (dialect === 'openai-embeddings') return { inputTokens, outputTokens: 0 };
  // What keys usually use of a model, but never more than the request allows.
  const expected = expectedOutputTokens ?? maxOutputTokens ?? defaultOutputTokens;
  return { inputTokens, outputTokens: Math.min(expected, maxOutputTokens ?? expected) };
}
