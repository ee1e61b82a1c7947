import type { Unit } from '../limits/limit-definition.ts';

/** What a request uses, or may use. */
export interface Use {
  readonly input: number;
  readonly output: number;
  readonly nanoUsd: number;
}

export const noUse: Use = { input: 0, output: 0, nanoUsd: 0 };

/** How much of it a limit counts. Requests and what is under way at once are counted by the one. */
export function amountOf(unit: Unit, use: Use): number {
  switch (unit) {
    case 'requests':
    case 'concurrency':
      return 1;
    case 'tokens':
      return use.input + use.output;
    case 'inputTokens':
      return use.input;
    case 'outputTokens':
      return use.output;
    case 'nanoUsd':
      return use.nanoUsd;
  }
}

/** As {@link amountOf}, of more that a request already counted uses. */
export function furtherAmountOf(unit: Unit, use: Use): number {
  return unit === 'requests' || unit === 'concurrency' ? 0 : amountOf(unit, use);
}

export function sumOf(one: Use, other: Use): Use {
  return { input: one.input + other.input, output: one.output + other.output, nanoUsd: one.nanoUsd + other.nanoUsd };
}
