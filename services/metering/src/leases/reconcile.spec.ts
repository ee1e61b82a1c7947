import { usageEventTypes } from '@sluice/contracts';
import { expect, it } from 'vitest';
import type { KeptLease, LostHolder } from './lease-store.ts';
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

function intent(holder: string, attempt: number): Record<string, unknown> {
  return {
    id: attempt === 1 ? 'req_1:intent' : `req_1:intent-${attempt}`,
    type: usageEventTypes.intent,
    time: new Date(now - 150_000).toISOString(),
    data: {
      ...about,
      reserved: { inputTokens: 1, outputTokens: 1, costNanoUsd: '30' },
      lease: { holder, number: 1 },
      deadline: now - 120_000,
    },
  };
}

function settled(reservedBy: string): Record<string, unknown> {
  const data = { ...about, usage: { input: 1, output: 1 }, costNanoUsd: '12', reservedBy };
  return { id: 'req_1:settled', type: usageEventTypes.settled, data };
}

/** What is booked for the lost holder. */
async function usedAfter(events: readonly Record<string, unknown>[]): Promise<number | undefined> {
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
  await reconcile(store, lost, read, () => true, now);
  return kept[0]?.used;
}

it.each([
  ['nobody settled, at its reserved amount', [intent('one/1', 1)], 30],
  ['another replica admitted later, at nothing: that one books it', [intent('one/1', 1), intent('two/1', 2)], 0],
  ['it admitted later than another, at its reserved amount', [intent('two/1', 1), intent('one/1', 2)], 30],
  ['it admitted later than another whose word came late', [intent('one/1', 2), intent('two/1', 1)], 30],
  ['was settled under its reservation, as settled', [intent('one/1', 1), intent('two/1', 2), settled('one')], 12],
  ['was settled under that of another, at nothing', [intent('one/1', 1), intent('two/1', 2), settled('two')], 0],
])('books what %s', async (_name, events, used) => {
  expect(await usedAfter(events)).toBe(used);
});
