import type { ProviderAttempt, TokenUsage } from '@sluice/contracts';
import type { AttemptFailure } from './attempt-failure.ts';
import type { Target } from './target.ts';

/** The call that a record is of. */
export interface RecordedCall {
  readonly id: string;
  readonly target: Target;
}

export interface AttemptTimes {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly timeToFirstTokenMs?: number | undefined;
}

/** What is kept of one call: it goes into the answer, the usage event and the ledger. */
export function recordAttempt(
  { id, target }: RecordedCall,
  times: AttemptTimes,
  result: { readonly status: number; readonly failure?: AttemptFailure | undefined; readonly usage?: TokenUsage | undefined },
): ProviderAttempt {
  const record: ProviderAttempt = {
    id,
    provider: target.config.provider,
    model: target.config.model,
    status: result.status,
    startedAt: times.startedAt,
    latencyMs: times.endedAt - times.startedAt,
  };
  if (result.failure !== undefined) record.failure = result.failure.kind;
  if (times.timeToFirstTokenMs !== undefined) record.timeToFirstTokenMs = times.timeToFirstTokenMs;
  if (result.usage !== undefined) {
    record.usage = result.usage;
    const cost = target.price?.cost(result.usage);
    if (target.price !== undefined && cost !== undefined) {
      record.costNanoUsd = cost.toString();
      record.priceVersion = target.price.version;
    }
  }
  return record;
}

/** Bytes of JSON for one token of English text, roughly: only for calls whose provider gave no figures. */
export const bytesPerToken = 4;

/**
 * What a stream used. One that did not come to its end may have told its input and only the beginning of its output.
 * @param outputTokens as far as they were followed
 */
export function usageOfStream(
  said: TokenUsage | undefined,
  stream: { readonly complete: boolean; readonly outputTokens: number },
  requestBytes: number,
): TokenUsage {
  const { complete, outputTokens } = stream;
  if (said === undefined) return estimateUsage(requestBytes, outputTokens);
  return complete || said.output >= outputTokens ? said : { ...said, output: outputTokens, estimated: true };
}

/** What a call used where its provider did not live to say: better than nothing in a ledger, and marked as an estimate. */
export function estimateUsage(requestBytes: number, outputTokens: number): TokenUsage {
  return { input: Math.ceil(requestBytes / bytesPerToken), output: outputTokens, estimated: true };
}
