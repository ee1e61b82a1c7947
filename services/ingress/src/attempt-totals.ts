import type { Dialect, ProviderAttempt, TokenUsage } from '@sluice/contracts';

/** What all attempts of a request used together: a failover's first target is paid for too. */
export function totalUsage(attempts: readonly ProviderAttempt[]): TokenUsage {
  const total: TokenUsage = { input: 0, output: 0 };
  for (const { usage } of attempts) {
    if (usage === undefined) continue;
    total.input += usage.input;
    total.output += usage.output;
    if (usage.cached !== undefined) total.cached = (total.cached ?? 0) + usage.cached;
    if (usage.cacheWrite !== undefined) total.cacheWrite = (total.cacheWrite ?? 0) + usage.cacheWrite;
    if (usage.reasoning !== undefined) total.reasoning = (total.reasoning ?? 0) + usage.reasoning;
    if (usage.estimated === true) total.estimated = true;
  }
  return total;
}

/** Sum in nano-USD; undefined where it is not known: a model without a price, or a call that is still under way. Counting tokens is free. */
export function totalCost(dialect: Dialect, attempts: readonly ProviderAttempt[]): bigint | undefined {
  if (dialect === 'anthropic-count-tokens') return 0n;
  let total = 0n;
  for (const { usage, costNanoUsd, failure } of attempts) {
    if (costNanoUsd !== undefined) total += BigInt(costNanoUsd);
    else if (usage !== undefined || failure === undefined) return undefined;
  }
  return total;
}
