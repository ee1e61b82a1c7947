import type { Burst } from './run-burst.ts';

export interface Scenario {
  readonly name: string;
  readonly budgetUsd: number;
  /** Sent first, one after the other: they teach metering what the key usually gets. */
  readonly before: readonly Burst[];
  readonly burst: Burst;
  /** What one request costs, most and least, nano-USD: a token is 1,000,000. */
  readonly dearestNanoUsd: bigint;
  /** By which one request may go beyond what is reserved for it. */
  readonly estimateErrorNanoUsd: bigint;
  /** What is reserved for one request. */
  readonly reservedNanoUsd: bigint;
}

const nanoUsdPerToken = 1_000_000n;
const requests = Number(process.env.ADMISSION_REQUESTS ?? 1_000);

/** The price is USD 1 for a thousand tokens of output, so a request of 20 tokens costs USD 0.02 and a budget of USD 2 has room for 100. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'each request uses what it may (max_tokens 20)',
    budgetUsd: 2,
    before: [],
    burst: { requests, maxTokens: 20, outputTokens: () => 20 },
    dearestNanoUsd: 20n * nanoUsdPerToken,
    estimateErrorNanoUsd: 0n,
    reservedNanoUsd: 20n * nanoUsdPerToken,
  },
  {
    name: 'each request uses half of what it may (max_tokens 40, 20 used)',
    budgetUsd: 2,
    before: [],
    burst: { requests, maxTokens: 40, outputTokens: () => 20 },
    dearestNanoUsd: 20n * nanoUsdPerToken,
    estimateErrorNanoUsd: 0n,
    reservedNanoUsd: 40n * nanoUsdPerToken,
  },
];
