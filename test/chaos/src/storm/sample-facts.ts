import type { ProviderAttempt } from '@sluice/contracts';
import type { SimulatedCall } from '@sluice/testing';
import type { Told } from './ask-question.ts';
import { judgeStorm } from './judge-storm.ts';
import type { StormIntent } from './read-intents.ts';
import type { LedgerEnd, StormFacts } from './storm-facts.ts';
import { fullPace } from './storm-options.ts';

/** A storm of one question, which was answered, called for once and charged; each spec breaks one thing of it. */

export const usage = { input: 9, output: 30 };
/** Of these tokens, nano-USD. */
export const cost = 69_000_000n;

export function sampleCall(members: Partial<SimulatedCall> = {}): SimulatedCall {
  return {
    sequence: 1,
    at: 1_000,
    instance: 'sim',
    path: '/v1/chat/completions',
    requestId: 'req_1',
    attempt: '1.1',
    key: 'q1',
    model: 'sim',
    stream: false,
    status: 200,
    outcome: 'completed',
    usage,
    bodyBytes: 1,
    body: undefined,
    ...members,
  };
}

export function sampleAttempt(members: Partial<ProviderAttempt> = {}): ProviderAttempt {
  const costNanoUsd = String(cost);
  return { id: '1.1', provider: 'p', model: 'm', status: 200, startedAt: 1_000, latencyMs: 1, usage, costNanoUsd, ...members };
}

export function sampleEnd(members: Partial<LedgerEnd> = {}): LedgerEnd {
  return {
    requestId: 'req_1',
    outcome: 'completed',
    keyId: 'key_1',
    team: 'a',
    attempts: [sampleAttempt()],
    nanoUsd: cost,
    endedAt: 1_100,
    late: false,
    supplements: [],
    ...members,
  };
}

export function sampleIntent(members: Partial<StormIntent> = {}): StormIntent {
  return { eventId: 'req_1:intent', holder: 'metering-a/1', reservedNanoUsd: 80n, mostNanoUsd: 80n, afterEnd: false, ...members };
}

export const sampleTold: Told = {
  question: 1,
  ingress: 'ingress-2',
  startedAt: 900,
  endedAt: 1_100,
  requestId: 'req_1',
  outcome: '200',
  wrong: false,
  replayed: false,
};

export function sampleFacts(members: Partial<StormFacts> = {}): StormFacts {
  return {
    told: [sampleTold],
    calls: [sampleCall()],
    ends: [sampleEnd()],
    intents: new Map([['req_1', [sampleIntent()]]]),
    struck: [],
    pace: fullPace,
    counters: [],
    countedSupplements: new Set(),
    openIntents: 0,
    secondEnds: [],
    waitingLate: 0,
    ...members,
  };
}

/** What is wrong with a storm of which these facts are other ones. */
export function kindsOfBreaks(members: Partial<StormFacts>): string[] {
  return judgeStorm(sampleFacts(members)).breaks.map(({ kind }) => kind);
}
