/** One kind of load on one gateway. */
export interface Scenario {
  readonly name: string;
  readonly gateway: 'sluice' | 'portkey';
  /** Policy of Sluice; Portkey has none. */
  readonly policy?: PolicyName;
  readonly connections: number;
  /** What it is compared with. */
  readonly peer?: string;
}

/**
 * `all`: every stage, with the semantic part of the cache off. `lean`: metering and router only. The other three are of
 * admission.ts: `bare` has the router alone, `open` metering without any limit, `limited` metering with all kinds of limits.
 */
export type PolicyName = 'all' | 'lean' | AdmissionPolicy;
export type AdmissionPolicy = 'bare' | 'open' | 'limited';

/** In the order of a round, so that Sluice and its peer take turns; odd rounds go backwards. */
export const scenarios: readonly Scenario[] = [
  { name: 'all-64', gateway: 'sluice', policy: 'all', connections: 64, peer: 'portkey-64' },
  { name: 'portkey-64', gateway: 'portkey', connections: 64 },
  { name: 'lean-64', gateway: 'sluice', policy: 'lean', connections: 64, peer: 'portkey-64' },
  { name: 'all-1', gateway: 'sluice', policy: 'all', connections: 1, peer: 'portkey-1' },
  { name: 'portkey-1', gateway: 'portkey', connections: 1 },
  { name: 'lean-1', gateway: 'sluice', policy: 'lean', connections: 1, peer: 'portkey-1' },
];

/** Streams that are measured one by one, see streaming.ts. */
export interface StreamScenario {
  readonly name: string;
  /** Streams of one gateway at once. */
  readonly connections: number;
  /** Whether the bars are for it. */
  readonly judged: boolean;
}

export const streamScenarios: readonly StreamScenario[] = [
  { name: 'streaming', connections: 1, judged: true },
  { name: 'streaming-16', connections: 16, judged: false },
];

/** A thousand slow streams at once, see slow-streams.ts. */
export const slowStreams = 'slow-streams';

/** What limits cost, see admission.ts. Each is measured beside the others in every round. */
export const admission = 'admission';

export const admissionScenarios: readonly (Scenario & { readonly policy: AdmissionPolicy })[] = [
  { name: 'bare-64', gateway: 'sluice', policy: 'bare', connections: 64 },
  { name: 'open-64', gateway: 'sluice', policy: 'open', connections: 64 },
  { name: 'limited-64', gateway: 'sluice', policy: 'limited', connections: 64 },
];

/** Stages of each policy's slip. */
export const pipelines: Readonly<Record<PolicyName, readonly string[]>> = {
  all: ['metering', 'guardrail', 'masking', 'cache', 'router'],
  lean: ['metering', 'router'],
  bare: ['router'],
  open: ['metering', 'router'],
  limited: ['metering', 'router'],
};

/** Processes that any deployment runs, whatever its slip. Without the simulated provider, which no request of a benchmark asks. */
const always = ['ingress', 'nats', 'billing', 'postgres', 'control'];

/** Whose processor time a scenario's sum has: stages outside the slip would not be deployed, so they are listed and not added. */
export function countedProcesses({ gateway, policy = 'all' }: Scenario): ReadonlySet<string> {
  return new Set(gateway === 'portkey' ? ['portkey'] : [...always, ...pipelines[policy]]);
}
