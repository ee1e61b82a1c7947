import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UnsequencedEvent } from '@sluice/bus';
import { usageEventTypes, type ProviderAttempt } from '@sluice/contracts';
import { sampleEnvelope } from '@sluice/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CallChecker } from './call-checker.ts';
import { CallJournal, endsWithinMs, lockName } from './call-journal.ts';

type State = 'told' | 'missing' | 'open';

const log = pino({ level: 'silent' });
const start = 1_800_000_000_000;
const lifeMs = 20_000;
/** Until a call's end is written for certain. */
const settledMs = lifeMs + endsWithinMs;

let directory: string;
let now: number;
/** What the ledger says, by request; what it was asked, and what was published. */
let ledger: Map<string, State>;
let asked: string[];
let published: UnsequencedEvent[];
/** So many events more are not stored in time. */
let unconfirmed: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-calls-'));
  now = start;
  ledger = new Map();
  asked = [];
  published = [];
  unconfirmed = 0;
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function open(instance: string, maxBytes = 1_000_000) {
  const clock = () => now;
  const journal = new CallJournal({ directory, instance, maxBytes }, clock, log);
  const checker = new CallChecker({
    journal,
    directory,
    instance,
    clock,
    log,
    bus: {
      // Safe: the checker asks nothing else.
      request: (_call, data) => {
        const { calls } = data as unknown as { calls: { requestId: string; attempt: string }[] };
        asked.push(...calls.map(({ requestId, attempt }) => `${requestId} ${attempt}`));
        return Promise.resolve({ states: calls.map(({ requestId }) => ledger.get(requestId) ?? 'told') } as never);
      },
    },
    events: {
      publish: (_subject, event) => void published.push(event),
      flush: () => (unconfirmed-- > 0 ? Promise.reject(new Error('not stored')) : Promise.resolve()),
    },
  });
  const call = (requestId: string, attempt: Partial<ProviderAttempt> = {}) => {
    journal.begun(
      sampleEnvelope({ id: requestId }),
      now + lifeMs,
      attemptOf({ status: 0, failure: 'holder_lost', usage: estimated, ...attempt }),
    );
  };
  return { journal, checker, call };
}

const estimated = { input: 50, output: 0, estimated: true };

function attemptOf(members: Partial<ProviderAttempt>): ProviderAttempt {
  return { id: '1.1', provider: 'p', model: 'm', status: 200, startedAt: start, latencyMs: 1, costNanoUsd: '7', ...members };
}

const eventsOf = () => published.map(({ id, data }) => ({ id, attempts: (data as { attempts: ProviderAttempt[] }).attempts }));

it('asks for calls once their requests must have ended, and forgets those that the ledger tells of', async () => {
  const { journal, checker, call } = open('a');
  call('req_1');
  now += settledMs - 1;
  await checker.check();
  expect(asked).toEqual([]);
  now += 1;
  await checker.check();
  await checker.check();
  expect(asked).toEqual(['req_1 1.1']);
  expect(published).toEqual([]);
  expect(journal.files()).toEqual([]);
  await checker.close();
});

it('publishes a call that the ledger does not tell of, as it ended', async () => {
  const { journal, checker, call } = open('a');
  call('req_1');
  const usage = { input: 40, output: 9 };
  journal.ended('req_1', attemptOf({ usage }));
  ledger.set('req_1', 'missing');
  now += settledMs;
  await checker.check();
  expect(eventsOf()).toEqual([{ id: 'req_1:call-1.1', attempts: [attemptOf({ usage })] }]);
  expect(published[0]).toMatchObject({ type: usageEventTypes.supplement, data: { outcome: 'failed', usage, costNanoUsd: '7' } });
  now += 5_000; // the file with its end takes no more
  await checker.check();
  expect(journal.files()).toEqual([]);
  await checker.close();
});

it('publishes a call once, though the ledger has not read of it yet and another router takes the journal over', async () => {
  const { journal, checker, call } = open('a');
  call('req_1');
  call('req_2');
  ledger.set('req_1', 'missing').set('req_2', 'open');
  now += settledMs;
  await checker.check();
  now += 2_000;
  await checker.check();
  expect(published).toHaveLength(1);
  await checker.close();
  journal.close();
  const next = open('b');
  await next.checker.check();
  expect(asked.filter((name) => name === 'req_1 1.1')).toHaveLength(3);
  expect(published).toHaveLength(1);
  await next.checker.close();
});

it('publishes a call once, though its storing was not confirmed in time', async () => {
  const { checker, call } = open('a');
  call('req_1');
  ledger.set('req_1', 'missing');
  now += settledMs;
  unconfirmed = 1;
  await expect(checker.check()).rejects.toThrow('not stored');
  await checker.check();
  expect(published).toHaveLength(1);
  await checker.close();
});

it('has the end of a call that waits for its request, though the file in which it was written is gone', async () => {
  const { journal, checker, call } = open('a');
  call('req_1');
  now += 6_000; // what follows is in another file
  call('req_2');
  const usage = { input: 40, output: 9 };
  journal.ended('req_1', attemptOf({ usage }));
  ledger.set('req_1', 'open');
  now += settledMs;
  await checker.check();
  now += 6_000;
  await checker.check();
  expect(journal.files()).toHaveLength(1);
  ledger.set('req_1', 'missing');
  now += 2_000;
  await checker.check();
  expect(eventsOf()).toEqual([{ id: 'req_1:call-1.1', attempts: [attemptOf({ usage })] }]);
  expect(journal.files()).toEqual([]);
  await checker.close();
});

it('keeps calls of requests that have no end yet, and asks for them ever more seldom', async () => {
  const { journal, checker, call } = open('a');
  call('req_1');
  ledger.set('req_1', 'open');
  now += settledMs;
  const minutes = 30;
  for (let second = 0; second < minutes * 60; second += 2) {
    await checker.check();
    now += 2_000;
  }
  expect(journal.files()).toHaveLength(1);
  expect(asked.length).toBeGreaterThan(minutes);
  expect(asked.length).toBeLessThan(3 * minutes);
  ledger.set('req_1', 'missing');
  now += 5 * 60_000;
  await checker.check();
  expect(eventsOf()).toHaveLength(1);
  expect(journal.files()).toEqual([]);
  await checker.close();
});

it('tells of the calls of a router that died, as estimates where it did not write how they ended', async () => {
  const dead = open('dead');
  dead.call('req_1');
  dead.call('req_2', { id: '2.1' });
  await dead.checker.close();
  dead.journal.close(); // gives the lock back, as a death does; the files stay
  ledger.set('req_2', 'missing');
  const { checker } = open('b');
  await checker.check();
  expect(asked).toEqual([]);
  now += settledMs;
  await checker.check();
  expect(asked).toEqual(['req_1 1.1', 'req_2 2.1']);
  expect(eventsOf()).toEqual([
    { id: 'req_2:call-2.1', attempts: [attemptOf({ id: '2.1', status: 0, failure: 'holder_lost', usage: estimated })] },
  ]);
  expect(existsSync(join(directory, 'dead'))).toBe(false);
  await checker.close();
});

it('leaves the journal of a router that lives alone', async () => {
  const other = open('other');
  other.call('req_1');
  now += settledMs;
  const { checker } = open('b');
  await checker.check();
  expect(asked).toEqual([]);
  expect(readdirSync(join(directory, 'other'))).toContain('00000001.calls');
  await checker.close();
  await other.checker.close();
});

it('leaves the folder of a router that begins, which has not locked it yet, and removes one that nobody began', async () => {
  const folder = join(directory, 'new');
  mkdirSync(folder);
  writeFileSync(join(folder, lockName), '');
  utimesSync(folder, now / 1_000, now / 1_000);
  const { checker } = open('b');
  await checker.check();
  expect(existsSync(folder)).toBe(true);
  now += 60_000;
  await checker.check();
  expect(existsSync(folder)).toBe(false);
  await checker.close();
});

it('keeps files where the ledger is out of reach, and asks again', async () => {
  const { journal, checker, call } = open('a');
  call('req_1');
  now += settledMs;
  const states = ledger;
  ledger = {
    get: () => {
      throw new Error('away');
    },
  } as never; // Safe: only `get` is used
  await expect(checker.check()).rejects.toThrow('away');
  expect(journal.files()).toHaveLength(1);
  ledger = states;
  await checker.check();
  expect(journal.files()).toEqual([]);
  await checker.close();
});

it('makes calls without a journal that cannot be written, says so once, and goes on when it can', () => {
  const errors: object[] = [];
  const clock = () => now;
  const journal = new CallJournal({ directory, instance: 'a', maxBytes: 1_000_000 }, clock, {
    error: (fields: object) => void errors.push(fields),
  });
  const call = () => {
    journal.begun(sampleEnvelope({ id: 'req_1' }), now + lifeMs, attemptOf({}));
  };
  rmSync(journal.folder, { recursive: true });
  for (let number = 1; number <= 100; number += 1) call();
  expect(errors).toHaveLength(1);
  expect(journal.files()).toEqual([]);
  mkdirSync(journal.folder);
  now += 5_000;
  call();
  expect(errors).toHaveLength(1);
  expect(journal.files()).toHaveLength(1);
  journal.close();
});

it('makes calls without a journal that is full, and goes on once there is room', async () => {
  const { journal, checker, call } = open('a', 1_000);
  for (let number = 1; number <= 20; number += 1) call(`req_${number}`);
  now += settledMs;
  await checker.check();
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.length).toBeLessThan(20);
  asked = [];
  call('req_21');
  now += settledMs;
  await checker.check();
  expect(asked).toEqual(['req_21 1.1']);
  expect(journal.files()).toEqual([]);
  await checker.close();
});
