import { startDebianPostgres } from '@sluice/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AdmissionParts } from '../admission/admission.ts';
import { sampleRequest, sampleSnapshot } from '../metering-samples.ts';
import { useDatabase } from '../sample-database.ts';

const now = Date.UTC(2026, 0, 15, 12);
const snapshot = sampleSnapshot({ keyBudgets: [{ tokens: 1_000, window: 'month' }] });
/** Renewals without use after which all goes back and the lease is closed, and one more. */
const idleFlushes = 4;

const metering = useDatabase(startDebianPostgres);

/** What becomes of a statement: done and answered, done and not answered, never done, or done after the next one, unheard. */
const fates = ['done', 'unheard', 'lost', 'late'] as const;
type Fate = (typeof fates)[number];

/** A replica whose way to the database is told what to do. */
function replicaOver(nextFate: () => Fate) {
  const { store } = metering.openReplica(snapshot, () => now);
  const late: (() => Promise<unknown>)[] = [];
  const renew: AdmissionParts['store']['renew'] = async (state, asked) => {
    const fate = nextFate();
    if (fate === 'late') {
      late.push(() => store.renew(state, asked));
      throw new Error('no answer');
    }
    if (fate === 'lost') throw new Error('no answer');
    const rows = await store.renew(state, asked);
    for (const statement of late.splice(0)) await statement();
    if (fate === 'unheard') throw new Error('no answer');
    return rows;
  };
  return metering.openReplica(snapshot, () => now, { store: { renew } });
}

async function counter(): Promise<{ leased: number; used: number }> {
  const [row] = await metering.database.query<{ leased: string; used: string }>('SELECT leased, used FROM metering.counter');
  return { leased: Number(row?.leased ?? 0), used: Number(row?.used ?? 0) };
}

it('leaves nothing leased and books each use once, whichever answers of the database are lost, and however late statements are done', async () => {
  const step = fc.record({
    fate: fc.constantFrom(...fates),
    what: fc.constantFrom('ask', 'settle', 'renew', 'renew'),
    amount: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      await metering.clear();
      let fate: Fate = 'done';
      const { admission } = replicaOver(() => fate);
      const open: string[] = [];
      let used = 0;
      let asked = 0;
      const settle = (id: string, amount: number) => {
        admission.settle(id, { input: 0, output: amount, costNanoUsd: 0 });
        used += amount;
      };
      for (const one of steps) {
        fate = one.fate;
        if (one.what === 'ask') {
          const id = `r${(asked += 1)}`;
          const refusal = await admission.admit(sampleRequest(id, { inputTokens: 0, outputTokens: one.amount, deadline: now + 60_000 }));
          if (refusal === undefined) open.push(id);
        } else if (one.what === 'settle') {
          const id = open.shift();
          if (id !== undefined) settle(id, Math.ceil(one.amount / 2));
        }
        await admission.keeper.flush(true);
      }
      fate = 'done';
      for (const id of open) settle(id, 1);
      for (let flushes = 0; flushes < idleFlushes; flushes += 1) await admission.keeper.flush(true);
      await admission.keeper.settled();
      expect(await counter()).toEqual({ leased: used, used });
    }),
    { numRuns: 150 },
  );
}, 120_000);
