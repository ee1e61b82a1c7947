import { usageEventTypes } from '@sluice/contracts';
import { beforeEach, expect, it } from 'vitest';
import { endedMark, type KeptLease, type LostHolder } from './lease-store.ts';
import type { Supplement } from '../read-usage-event.ts';
import { reconcile } from './reconcile.ts';

const now = 10_000_000;
const meter = 'key/key_web|budget.nanoUsd|month@UTC';
const lost: LostHolder = {
  holder: 'one/1',
  admitted: 0,
  open: new Set(),
  oldestOpen: now - 200_000,
  expiredAt: now - 100_000,
  leases: [{ meter, period: 0, granted: 100, used: 0 }],
};
const about = { requestId: 'req_1', organization: 'acme', team: 'support', keyId: 'key_web', tags: {}, modelAsked: 'chat' };

function intent(holder: string, attempt: number, deadline = now - 120_000): Record<string, unknown> {
  return {
    id: attempt === 1 ? 'req_1:intent' : `req_1:intent-${attempt}`,
    type: usageEventTypes.intent,
    time: new Date(now - 150_000).toISOString(),
    data: {
      ...about,
      reserved: { inputTokens: 1, outputTokens: 1, costNanoUsd: '30' },
      lease: { holder, number: 1 },
      deadline,
    },
  };
}

function settled(reservedBy: string | undefined, callsUnknown = false): Record<string, unknown> {
  const data = { ...about, usage: { input: 1, output: 1 }, costNanoUsd: '12', reservedBy, callsUnknown };
  return { id: 'req_1:settled', type: usageEventTypes.settled, data };
}

/** What was counted apart from all leases. */
let apart: [eventId: string, nanoUsd: number][];
const book = ({ eventId, use }: Supplement): Promise<void> => {
  apart.push([eventId, use.nanoUsd]);
  return Promise.resolve();
};
beforeEach(() => {
  apart = [];
});

/** What is booked for the lost holder, and what stays leased. */
async function keptAfter(events: readonly Record<string, unknown>[], patch: Partial<LostHolder> = {}): Promise<KeptLease | undefined> {
  let kept: readonly KeptLease[] = [];
  const store = {
    reclaim: (_holder: string, leases: readonly KeptLease[]) => {
      kept = leases;
      return Promise.resolve(0);
    },
  };
  const read = (_since: number, handle: (event: Record<string, unknown>) => void): Promise<void> => {
    events.forEach(handle);
    return Promise.resolve();
  };
  await reconcile(store, { ...lost, ...patch }, read, () => lost.leases, book, now);
  return kept[0];
}

it.each([
  ['nobody settled, at its reserved amount', [intent('one/1', 1)], 30],
  ['another replica admitted later, at nothing: that one books it', [intent('one/1', 1), intent('two/1', 2)], 0],
  ['it admitted later than another, at its reserved amount', [intent('two/1', 1), intent('one/1', 2)], 30],
  ['it admitted later than another whose word came late', [intent('one/1', 2), intent('two/1', 1)], 30],
  ['another admitted later, whose word came first, at nothing', [intent('two/1', 2), intent('one/1', 1)], 0],
  ['had ended before it was admitted, as it ended', [settled('one'), intent('one/1', 1)], 12],
  ['was settled under its reservation, as settled', [intent('one/1', 1), intent('two/1', 2), settled('one')], 12],
  ['was settled under that of another, at nothing', [intent('one/1', 1), intent('two/1', 2), settled('two')], 0],
])('books what %s', async (_name, events, used) => {
  expect(await keptAfter(events)).toMatchObject({ used });
});

const call = { ...about, usage: { input: 1, output: 1 }, costNanoUsd: '7' };
const supplement = { id: 'req_1:call-1.1', type: usageEventTypes.supplement, data: call };
const ended = new Set([`req_1${endedMark}`]);

it.each([
  ['while more calls may come to light, what its end did not use', [intent('one/1', 1, now), settled('one', true)], {}, 30, 12],
  ['once one came to light, so much less', [intent('one/1', 1, now), settled('one', true), supplement], {}, 23, 12],
  ['once its time is over, nothing', [intent('one/1', 1), settled('one', true)], {}, 12, 12],
  ['where what was used is told, the rest alone', [intent('one/1', 1, now), settled('one', true)], { admitted: 1, open: ended }, 18, 0],
])('holds %s', async (_name, events, patch, granted, used) => {
  expect(await keptAfter(events, patch)).toMatchObject({ granted, used });
});

it('counts an end that names no reservation apart, and nothing of it here', async () => {
  expect(await keptAfter([intent('one/1', 1), settled(undefined, true)])).toMatchObject({ granted: 0, used: 0 });
  expect(apart).toEqual([['req_1:settled', 12]]);
});
