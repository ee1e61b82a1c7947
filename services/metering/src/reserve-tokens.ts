import type { Envelope, Reservation } from '@sluice/contracts';

/** English text has about four bytes a token; the settlement puts the provider's count in its place. */
const bytesPerToken = 4;

/** What is held of a request until its settlement: its body, and the output that it allows. Vectors are no output, and counting is free. */
export function reserveTokens(
  { dialect, maxOutputTokens }: Pick<Envelope, 'dialect' | 'maxOutputTokens'>,
  bodyBytes: number,
  defaultOutputTokens: number,
): Pick<Reservation, 'inputTokens' | 'outputTokens'> {
  if (dialect === 'anthropic-count-tokens') return { inputTokens: 0, outputTokens: 0 };
  const inputTokens = Math.ceil(bodyBytes / bytesPerToken);
  if (dialect === 'openai-embeddings') return { inputTokens, outputTokens: 0 };
  return { inputTokens, outputTokens: maxOutputTokens ?? defaultOutputTokens };
}
