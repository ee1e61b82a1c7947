import { isRecord, type TokenUsage } from '@sluice/contracts';

/**
 * Usage as the specifications have it: v3 and v4 in groups, v2 flat. Packages of v2 differ in whether what a cache read is
 * a part of the input; where it is more than that, it cannot be.
 */
export function readAiSdkUsage(usage: unknown): TokenUsage | undefined {
  if (!isRecord(usage)) return undefined;
  const { inputTokens, outputTokens } = usage;
  if (isRecord(inputTokens) || isRecord(outputTokens)) {
    const given = isRecord(inputTokens) ? inputTokens : {};
    const made = isRecord(outputTokens) ? outputTokens : {};
    return compose(
      count(given.total) ?? sum(given.noCache, given.cacheRead, given.cacheWrite),
      count(made.total) ?? sum(made.text, made.reasoning),
      count(given.cacheRead),
      count(given.cacheWrite),
      count(made.reasoning),
    );
  }
  const input = count(inputTokens);
  const cached = count(usage.cachedInputTokens);
  const whole = input !== undefined && cached !== undefined && cached > input ? input + cached : input;
  return compose(whole, count(outputTokens), cached, undefined, count(usage.reasoningTokens));
}

function compose(
  input: number | undefined,
  output: number | undefined,
  cached: number | undefined,
  cacheWrite: number | undefined,
  reasoning: number | undefined,
): TokenUsage | undefined {
  if (input === undefined && output === undefined) return undefined;
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(cached ? { cached } : {}),
    ...(cacheWrite ? { cacheWrite } : {}),
    ...(reasoning ? { reasoning } : {}),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? Math.round(value) : undefined;
}

function sum(...values: readonly unknown[]): number | undefined {
  const counts = values.flatMap((value) => count(value) ?? []);
  return counts.length === 0 ? undefined : counts.reduce((total, each) => total + each, 0);
}
