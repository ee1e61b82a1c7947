/** One way in which a provider fails, as the simulated provider is told to. */
export interface FaultCase {
  readonly name: string;
  readonly script: Readonly<Record<string, string>>;
  /** The faulty target is a closed port. */
  readonly closed?: boolean;
  /** No failure after all: slow or odd, but right. */
  readonly harmless?: boolean;
}

const onA = (value: string) => `a:${value}`;

/** What the issue names, and what peers were found to do wrong. */
export const faultCases: readonly FaultCase[] = [
  { name: 'refuse connect', script: {}, closed: true },
  { name: 'reset before headers', script: { 'x-sim-fault': onA('reset') } },
  { name: 'hang before headers', script: { 'x-sim-fault': onA('hang') } },
  { name: 'hang mid-stream', script: { 'x-sim-fault': onA('hang-stream') } },
  { name: '429 without', script: { 'x-sim-status': onA('429') } },
  { name: '500', script: { 'x-sim-status': onA('500') } },
  { name: '503', script: { 'x-sim-status': onA('503') } },
  { name: '529', script: { 'x-sim-status': onA('529') } },
  { name: 'truncated', script: { 'x-sim-fault': onA('truncate') } },
  { name: 'malformed JSON', script: { 'x-sim-fault': onA('malformed') } },
  { name: 'error event', script: { 'x-sim-fault': onA('error-event') } },
  { name: 'wrong content type', script: { 'x-sim-fault': onA('content-type') } },
  { name: 'slow drip', script: { 'x-sim-fault': onA('drip') }, harmless: true },
  { name: 'huge line', script: { 'x-sim-fault': onA('huge-line') }, harmless: true },
  { name: '429 with retry-after', script: { 'x-sim-status': onA('429'), 'x-sim-retry-after': '1' } },
  { name: '401', script: { 'x-sim-status': onA('401') } },
  { name: '402', script: { 'x-sim-status': onA('402') } },
];
