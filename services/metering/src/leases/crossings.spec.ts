import type { UnsequencedEvent } from '@sluice/bus';
import { beforeEach, expect, it } from 'vitest';
import { publishCrossings } from './crossings.ts';
import { sampleRequest, sampleSnapshot } from '../metering-samples.ts';
import { useDatabase } from '../sample-database.ts';

const now = Date.UTC(2026, 0, 15, 12);
const metering = useDatabase();

/** A stream that stores what it is given, or not. */
function stream(): { events: UnsequencedEvent[]; takes: boolean; publisher: Parameters<typeof publishCrossings>[0]['events'] } {
  const state = { events: new Array<UnsequencedEvent>(), takes: true };
  return Object.assign(state, {
    publisher: {
      publish: (_subject: string, event: UnsequencedEvent) => void state.events.push(event),
      flush: () => (state.takes ? Promise.resolve() : Promise.reject(new Error('not stored'))),
      unacknowledged: 0,
    },
  });
}

beforeEach(async () => {
  const { admission } = metering.openReplica(sampleSnapshot({ keyBudgets: [{ usd: 0.02, window: 'month' }] }), () => now);
  await admission.admit(sampleRequest('req_1', { deadline: now + 60_000 }));
  admission.settle('req_1', { input: 0, output: 20, costNanoUsd: 20_000_000 });
  await admission.keeper.flush(true);
  await admission.keeper.flush(true);
});

it('tells of a threshold once it is stored, and then no more', async () => {
  const { events, publisher } = stream();
  expect(await publishCrossings({ database: metering.database, events: publisher })).toBe(1);
  expect(await publishCrossings({ database: metering.database, events: publisher })).toBe(0);
  expect(events).toEqual([
    {
      id: encodeURIComponent(`key:key_web|budget.nanoUsd|month@UTC:${Date.UTC(2026, 0)}:95`),
      type: 'com.sluice.audit.budget.v1',
      subject: 'acme/key/web',
      data: {
        organization: 'acme',
        actor: 'metering',
        action: 'budget.threshold',
        outcome: 'reached',
        detail: {
          scope: 'key',
          name: 'web',
          unit: 'nanoUsd',
          window: 'month',
          percent: 95,
          allowed: 20_000_000,
          resetsAt: '2026-02-01T00:00:00.000Z',
        },
      },
    },
  ]);
});

it('tells of it again, under the same id, where it was not stored and whoever told it is gone', async () => {
  const first = stream();
  first.takes = false;
  await expect(publishCrossings({ database: metering.database, events: first.publisher })).rejects.toThrow('not stored');
  const second = stream();
  expect(await publishCrossings({ database: metering.database, events: second.publisher })).toBe(0);
  await metering.database.query(`UPDATE metering.crossing SET claimed_until = clock_timestamp()`);
  expect(await publishCrossings({ database: metering.database, events: second.publisher })).toBe(1);
  expect(second.events.map(({ id }) => id)).toEqual(first.events.map(({ id }) => id));
});
