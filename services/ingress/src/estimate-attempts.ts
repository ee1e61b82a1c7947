import type { ProviderAttempt, TokenUsage } from '@sluice/contracts';

/** What a call cost by the price list; undefined where the model has no price. */
export type PriceCall = (
  provider: string,
  model: string,
  usage: TokenUsage,
) => { readonly costNanoUsd: string; readonly priceVersion: string } | undefined;

/** What ingress saw of the calls that nobody settled. */
export interface Seen {
  readonly requestBytes: number;
  /** Bytes of model output in the stream that broke off; undefined where none had begun. */
  readonly contentBytes: number | undefined;
  /** Epoch ms. */
  readonly now: number;
}

/** Bytes of JSON for one token of English text, roughly; the router estimates alike. */
const bytesPerToken = 4;

/**
 * Gives the calls whose process died before it could settle them a usage, marked as estimated: a provider bills them
 * all the same. A call that was lost before its answer is taken to have used its input, a stream that broke off also
 * what came of it. Calls with a usage or a failure of their own stay as they are.
 */
export function estimateAttempts(attempts: readonly ProviderAttempt[], seen: Seen, price: PriceCall): ProviderAttempt[] {
  return attempts.map((attempt) => {
    if (attempt.usage !== undefined) return attempt;
    if (attempt.failure === 'holder_lost') return estimated(attempt, 0, seen, price);
    if (attempt.failure !== undefined || seen.contentBytes === undefined) return attempt;
    const broken = { ...attempt, failure: 'broken_stream', latencyMs: Math.max(attempt.latencyMs, seen.now - attempt.startedAt) };
    return estimated(broken, seen.contentBytes, seen, price);
  });
}

function estimated(attempt: ProviderAttempt, contentBytes: number, seen: Seen, price: PriceCall): ProviderAttempt {
  const usage = {
    input: Math.ceil(seen.requestBytes / bytesPerToken),
    output: Math.ceil(contentBytes / bytesPerToken),
    estimated: true,
  };
  return { ...attempt, usage, ...price(attempt.provider, attempt.model, usage) };
}
