import { expect, it } from 'vitest';
import { kindsOfBreaks as kinds, sampleCall as call, sampleEnd as end, sampleIntent, sampleTold as told } from './sample-facts.ts';
import { fullPace } from './storm-options.ts';

const { billingGraceMs, requestTimeoutMs } = fullPace;
const deadline = 900 + requestTimeoutMs;
const unresolved = [end({ outcome: 'unresolved', attempts: [], nanoUsd: sampleIntent().reservedNanoUsd, endedAt: deadline })];
const kill = (instance: string, at: number) => ({ at, atMs: 0, fault: { kind: 'kill' as const, instance } });

it('finds wrong answers', () => {
  expect(kinds({ told: [{ ...told, wrong: true }] })).toEqual(['wrong answer']);
});

it('finds answers without an id, a line or a call, and answers that are not charged', () => {
  expect(kinds({ told: [{ ...told, requestId: undefined }] })).toEqual(['answer without an id']);
  expect(kinds({ ends: [], calls: [] })).toEqual(['answer without a line']);
  expect(kinds({ ends: [end({ attempts: [], nanoUsd: 0n })], calls: [] })).toEqual(['answer without a call']);
  expect(kinds({ ends: [end({ outcome: 'failed' })] })).toEqual(['answer not charged']);
  expect(kinds({ told: [{ ...told, replayed: true, requestId: 'req_2' }] })).toEqual([]);
});

it('finds a storm in which hardly anything was answered', () => {
  const refused = [1, 2, 3, 4].map((question) => ({ ...told, question, requestId: undefined, outcome: '503 ' }));
  expect(kinds({ told: [] })).toEqual(['hardly tried']);
  expect(kinds({ told: [...refused.slice(1), told] })).toEqual([]);
  expect(kinds({ told: [...refused, { ...told, question: 5 }] })).toEqual(['hardly tried']);
});

it('takes a row that nobody settled only where the ingress that held the request was killed meanwhile', () => {
  expect(kinds({ ends: unresolved })).toEqual(['unresolved, holder alive']);
  expect(kinds({ ends: unresolved, struck: [kill('ingress', 950)] })).toEqual(['unresolved, holder alive']);
  expect(kinds({ ends: unresolved, struck: [kill('router-2', 950)] })).toEqual(['unresolved, holder alive']);
  expect(kinds({ ends: unresolved, struck: [kill('ingress-2', 800)] })).toEqual(['unresolved, holder alive']);
  expect(kinds({ ends: unresolved, struck: [kill('ingress-2', deadline + billingGraceMs + 1)] })).toEqual(['unresolved, holder alive']);
  expect(kinds({ ends: unresolved, struck: [kill('ingress-2', 950)] })).toEqual([]);
});

it('knows the holder of a request whose client heard no id by its calls, and else takes any', () => {
  const silent = { ...told, requestId: undefined, outcome: 'connection' };
  const again = { ...silent, ingress: 'ingress', startedAt: 1_500, outcome: '200', requestId: 'req_2' };
  const second = {
    calls: [call(), call({ requestId: 'req_2' })],
    ends: [...unresolved, end({ requestId: 'req_2' })],
    told: [silent, again],
  };
  expect(kinds({ ...second, struck: [kill('ingress', 1_000)] })).toEqual(['unresolved, holder alive']);
  expect(kinds({ ...second, struck: [kill('ingress-2', 1_000)] })).toEqual([]);
  const uncalled = { told: [again], calls: [call({ requestId: 'req_2' })], ends: [...unresolved, end({ requestId: 'req_2' })] };
  expect(kinds({ ...uncalled, struck: [kill('metering', 1_000)] })).toEqual(['unresolved, holder alive']);
  expect(kinds({ ...uncalled, struck: [kill('ingress', 1_000)] })).toEqual([]);
});
