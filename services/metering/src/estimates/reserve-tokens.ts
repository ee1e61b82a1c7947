import type { Envelope } from '@sluice/contracts';

/** English text has about four bytes a token; the settlement puts the provider's count in its place. */
const bytesPerToken = 4;

/** Tokens that a request is expected to use, and those that it uses at most. */
export interface ReservedTokens {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly mostInputTokens: number;
  readonly mostOutputTokens: number;
}

export interface OutputExpectation {
  /** What the key usually gets of the model; undefined until enough answers are known. */
  readonly learned: number | undefined;
  /** Expected until then of a request that sets no maximum. */
  readonly unlearned: number;
  /** The longest answer of the model. */
  readonly most: number;
}

const nothing: ReservedTokens = { inputTokens: 0, outputTokens: 0, mostInputTokens: 0, mostOutputTokens: 0 };

/**
 * A token has a byte at least, and what a format writes around texts is longer than what a provider adds to them. A stream that a
 * limit binds asks for more before it goes beyond its output (`metering.extend`), so it uses no more than is expected of it.
 * Vectors are no output, and counting is free.
 */
export function reserveTokens(
  { dialect, maxOutputTokens, stream }: Pick<Envelope, 'dialect' | 'maxOutputTokens' | 'stream'>,
  bodyBytes: number,
  { learned, unlearned, most }: OutputExpectation,
): ReservedTokens {
  if (dialect === 'anthropic-count-tokens') return nothing;
  const inputTokens = Math.ceil(bodyBytes / bytesPerToken);
  if (dialect === 'openai-embeddings') return { inputTokens, outputTokens: 0, mostInputTokens: bodyBytes, mostOutputTokens: 0 };
  const longest = maxOutputTokens ?? most;
  const outputTokens = Math.min(learned ?? maxOutputTokens ?? unlearned, longest);
  return { inputTokens, outputTokens, mostInputTokens: bodyBytes, mostOutputTokens: stream ? outputTokens : longest };
}
