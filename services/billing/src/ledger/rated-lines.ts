import { pricePartsOf, type TokenPrice } from '@sluice/catalog';
import type { ProviderAttempt } from '@sluice/contracts';

/** Price of a model in a list at a time (epoch ms); undefined where the list has none or is not known. */
export type FindPrice = (version: string, provider: string, model: string, at: number) => TokenPrice | undefined;

/** A line of a ledger row; `amount` in nano-USD, undefined where the model has no price. */
export interface RatedLine {
  readonly attempt: number;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly tokens: number;
  readonly amount: bigint | undefined;
  readonly priceVersion: string | undefined;
}

export interface RatedRow {
  readonly attempts: readonly ProviderAttempt[];
  /** Of the row; undefined: a model used has no price. */
  readonly cost: bigint | undefined;
  readonly saved: bigint | undefined;
  readonly provider: string;
  readonly model: string;
}

/** Attempts that get lines of their own; a request ends long before. The rest of the amount is `unattributed`. */
const maxAttempts = 1_000;

/**
 * The lines of a row as it was charged. They sum to its cost to the nano-USD: an attempt whose amount its price list does not give is one
 * line `usage`, and what attempts do not account for is `unattributed`. What a cache hit spared is a line `saved`, which is in no sum.
 */
export function ratedLines({ attempts, cost, saved, provider, model }: RatedRow, find: FindPrice): RatedLine[] {
  const lines: RatedLine[] = [];
  for (const [index, attempt] of attempts.slice(0, maxAttempts).entries())
    lines.push(...attemptLines(attempt, index + 1, cost === 0n, find));
  const rest = cost === undefined ? 0n : cost - sumOf(lines);
  const whole = { attempt: 0, provider, model, tokens: 0, priceVersion: undefined };
  if (rest !== 0n) lines.push({ ...whole, kind: 'unattributed', amount: rest });
  if (saved !== undefined && saved !== 0n) lines.push({ ...whole, kind: 'saved', amount: saved });
  return lines;
}

/** The lines of an attempt under another price list; undefined where that has no price for it. Free attempts stay free. */
export function rateAgain(attempt: ProviderAttempt, number: number, version: string, find: FindPrice): RatedLine[] | undefined {
  const { provider, model, usage, startedAt } = attempt;
  if (usage === undefined) return undefined;
  const price = find(version, provider, model, startedAt);
  if (price === undefined) return undefined;
  return pricePartsOf(price, usage).map(({ kind, tokens, nanoUsd }) => ({
    attempt: number,
    kind,
    provider,
    model,
    tokens,
    amount: nanoUsd,
    priceVersion: version,
  }));
}

/** Sum of what is charged. */
export function sumOf(lines: readonly RatedLine[]): bigint {
  return lines.reduce((sum, { kind, amount }) => (kind === 'saved' ? sum : sum + (amount ?? 0n)), 0n);
}

function attemptLines(attempt: ProviderAttempt, number: number, free: boolean, find: FindPrice): RatedLine[] {
  const { provider, model, usage, priceVersion } = attempt;
  const amount = free ? 0n : nanoUsdOf(attempt.costNanoUsd);
  if (usage === undefined && amount === undefined) return [];
  if (!free && amount !== undefined && priceVersion !== undefined) {
    const split = rateAgain(attempt, number, priceVersion, find);
    if (split !== undefined && sumOf(split) === amount) return split;
  }
  const tokens = usage === undefined ? 0 : usage.input + usage.output;
  return [{ attempt: number, kind: 'usage', provider, model, tokens, amount, priceVersion }];
}

/** Digits that any sum of events may have; longer text is no amount. */
const amountPattern = /^-?\d{1,30}$/;

/** Reads nano-USD of an event; undefined for what is none. */
export function nanoUsdOf(text: string | undefined): bigint | undefined {
  return text !== undefined && amountPattern.test(text) ? BigInt(text) : undefined;
}
