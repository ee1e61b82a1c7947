import type { ProviderAttempt } from '@sluice/contracts';
import type { SimulatedCall } from '@sluice/testing';
import { expect, it } from 'vitest';
import type { Told } from './ask-question.ts';
import { budgetStates, judgeBudgets } from './judge-budgets.ts';
import { judgeStorm } from './judge-storm.ts';
import type { LedgerEnd, StormFacts } from './storm-facts.ts';

const usage = { input: 9, output: 30 };

function call(members: Partial<SimulatedCall> = {}): SimulatedCall {
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

function attempt(members: Partial<ProviderAttempt> = {}): ProviderAttempt {
  return { id: '1.1', provider: 'p', model: 'm', status: 200, startedAt: 1_000, latencyMs: 1, usage, costNanoUsd: '5', ...members };
}

function end(members: Partial<LedgerEnd> = {}): LedgerEnd {
  return {
    requestId: 'req_1',
    outcome: 'completed',
    keyId: 'key_1',
    team: 'a',
    attempts: [attempt()],
    nanoUsd: 5n,
    late: false,
    supplements: 0,
    ...members,
  };
}

const told: Told = {
  question: 1,
  ingress: 'ingress-2',
  startedAt: 900,
  endedAt: 1_100,
  requestId: 'req_1',
  outcome: '200',
  wrong: false,
  replayed: false,
};

function kinds(facts: Partial<StormFacts>): string[] {
  const whole = { told: [told], calls: [call()], ends: [end()], struck: [], openIntents: 0, secondEnds: [], ...facts };
  return judgeStorm(whole).breaks.map(({ kind }) => kind);
}

it('finds a storm sound in which each call has its line', () => {
  expect(kinds({})).toEqual([]);
  const { totals } = judgeStorm({ told: [told], calls: [call()], ends: [end()], struck: [], openIntents: 0, secondEnds: [] });
  expect(totals).toMatchObject({ exactCalls: 1, providerTokens: 39, ledgerTokens: 39, settled: 1 });
});

it('finds a call without a line: without a row, and in a row that tells of another call', () => {
  expect(kinds({ ends: [], told: [] })).toEqual(['call without a line']);
  expect(kinds({ calls: [call(), call({ attempt: '2.1' })] })).toEqual(['call without a line']);
  expect(kinds({ ends: [end({ outcome: 'refused', attempts: [] })], told: [] })).toEqual(['call without a line']);
});

it('finds what is charged twice, or without a call', () => {
  expect(kinds({ ends: [end({ attempts: [attempt(), attempt()] })] })).toEqual(['charged twice']);
  expect(kinds({ ends: [end({ attempts: [attempt(), attempt({ id: '2.1' })] })] })).toEqual(['charged without a call']);
  const free = { id: '1.2', status: 0, failure: 'connect', usage: undefined, costNanoUsd: undefined };
  expect(kinds({ ends: [end({ attempts: [attempt(), attempt(free)] })] })).toEqual([]);
});

it('finds tokens that are not the provider’s, and estimates where it gave figures', () => {
  expect(kinds({ ends: [end({ attempts: [attempt({ usage: { input: 9, output: 31 } })] })] })).toEqual(['tokens differ']);
  const estimated = attempt({ usage: { ...usage, estimated: true } });
  expect(kinds({ ends: [end({ attempts: [estimated] })] })).toEqual(['tokens unknown']);
  expect(kinds({ ends: [end({ attempts: [{ ...estimated, failure: 'holder_lost' }] })] })).toEqual([]);
  expect(kinds({ ends: [end({ attempts: [estimated] })], calls: [call({ outcome: 'aborted' })] })).toEqual([]);
});

it('takes a row that nobody settled only where the ingress that held the request was killed since', () => {
  const ends = [end({ outcome: 'unresolved', attempts: [] })];
  const killed = (instance: string, at: number) => ({ ends, struck: [{ at, atMs: 0, fault: { kind: 'kill' as const, instance } }] });
  expect(kinds({ ends })).toEqual(['unresolved, holder alive']);
  expect(kinds(killed('ingress', 950))).toEqual(['unresolved, holder alive']);
  expect(kinds(killed('ingress-2', 800))).toEqual(['unresolved, holder alive']);
  expect(kinds(killed('ingress-2', 950))).toEqual([]);
});

it('finds wrong answers, answers without a line, open intents and second ends', () => {
  expect(kinds({ told: [{ ...told, wrong: true }] })).toEqual(['wrong answer']);
  expect(kinds({ ends: [], calls: [] })).toEqual(['answer without a line']);
  expect(kinds({ ends: [end({ outcome: 'failed' })] })).toEqual(['answer not charged']);
  expect(kinds({ openIntents: 2, secondEnds: ['req_1'] })).toEqual(['open', 'second end']);
});

it('finds a budget that was exceeded beyond its bound, and counters that are not the ledger’s', () => {
  const judge = (nanoUsd: bigint, attempts: ProviderAttempt[], used: bigint, leased: bigint) => {
    const owner = { meterPrefix: 'key:key_1|', limitUsd: 0.000_000_01, owns: () => true };
    const counter = { meter: 'key:key_1|nanoUsd|month@UTC', used, leased, leases: [] };
    return judgeBudgets(budgetStates([owner], [end({ nanoUsd, attempts })], [counter])).map(({ kind }) => kind);
  };
  expect(judge(10n, [attempt()], 10n, 10n)).toEqual([]);
  expect(judge(11n, [attempt()], 11n, 11n)).toEqual(['budget exceeded']);
  expect(judge(14n, [attempt(), attempt({ id: '1.2', costNanoUsd: '4' })], 14n, 14n)).toEqual([]);
  expect(judge(9n, [attempt()], 10n, 10n)).toEqual(['metering differs']);
  expect(judge(9n, [attempt()], 9n, 10n)).toEqual(['lease not returned']);
});
