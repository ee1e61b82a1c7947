import type { ModelConfig } from '@sluice/contracts';

/**
 * How long to wait before a target is called again, or undefined where waiting is not worth it: the provider asks for
 * more than the operator allows, or the deadline comes first. Full jitter (uniform up to the exponential bound) keeps
 * callers that failed together from coming back together; a provider's own wish is the lower bound.
 */
export function backoffMs(
  retries: ModelConfig['retries'],
  failedCalls: number,
  retryAfterMs: number | undefined,
  remainingMs: number,
  random: () => number,
): number | undefined {
  const jittered = random() * Math.min(retries.maxDelay, retries.baseDelay * 2 ** (failedCalls - 1));
  const waitMs = Math.max(jittered, retryAfterMs ?? 0);
  return waitMs > retries.maxDelay || waitMs >= remainingMs ? undefined : waitMs;
}
