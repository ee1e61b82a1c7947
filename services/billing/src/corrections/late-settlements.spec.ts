import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '../audit/audit-ledger.ts';
import { findCalls } from '../ledger/find-calls.ts';
import { bookLateSettlements } from './late-settlements.ts';
import { openLedger, servers, type LedgerHarness } from '../ledger-harness.ts';
import { sampleEvents, streamEvent, type SampleOptions } from '../sample-events.ts';
import { readStatement } from '../statements/statement.ts';

const start = Date.UTC(2026, 10, 1, 12);
const period = { from: '2026-11-01', to: '2026-12-01' };
const sampleCost = 201_000;
const reservedCost = 375_000;
const sampleTokens = 812 + 164;

describe.each(servers)('late settlements on $name', ({ open }) => {
  let harness: LedgerHarness;
  let run = 0;
  let position = 0;
  beforeAll(async () => {
    harness = await openLedger(open);
  });
  afterAll(() => harness.close());

  const record = (...events: readonly object[]) => harness.ledger.record(events.map((event) => streamEvent(event, ++position)));
  const book = () => bookLateSettlements(harness.database, harness.prices.find, 5);
  const state = async (organization: string) => {
    const { groups, totals } = await readStatement(harness.database, { organization, ...period, by: 'team' });
    return { totals, tokens: groups.reduce((sum, { tokens }) => sum + tokens, 0) };
  };
  const swept = async () => {
    const organization = `org_${++run}`;
    const options = { requestId: `req_${run}`, time: start, organization };
    await record(sampleEvents.intent(options, start));
    await harness.ledger.sweep(start + 1);
    return { organization, options };
  };
  const auditBreaks = async () => (await auditLedger(harness.database, { now: start + 3_600_000, graceMs: 0, full: true })).breaks;

  it('charges what the end says in place of the reservation, tokens too, once', async () => {
    const { organization, options } = await swept();
    expect(await state(organization)).toMatchObject({ tokens: 1_300, totals: { dueNanoUsd: String(reservedCost) } });
    await record(sampleEvents.settled(options));
    expect([await book(), await book()]).toEqual([1, 0]);
    expect(await state(organization)).toMatchObject({
      tokens: sampleTokens,
      totals: { usageNanoUsd: String(reservedCost), lateNanoUsd: String(sampleCost - reservedCost), dueNanoUsd: String(sampleCost) },
    });
    await record(sampleEvents.settled(options), { ...sampleEvents.settled(options), id: 'another' });
    expect(await book()).toBe(0);
    expect((await state(organization)).totals.dueNanoUsd).toBe(String(sampleCost));
    expect(await auditBreaks()).toEqual([]);
  });

  it('gives all back where the request was refused after all', async () => {
    const { organization, options } = await swept();
    await record(sampleEvents.refused(options));
    await book();
    expect(await state(organization)).toMatchObject({ tokens: 0, totals: { dueNanoUsd: '0' } });
  });

  it('charges a settlement that comes after a refusal, and nothing the other way round', async () => {
    const organization = `org_${++run}`;
    const [first, second] = ['a', 'b'].map((name) => ({ requestId: `req_${run}${name}`, time: start, organization }));
    if (first === undefined || second === undefined) throw new Error('two requests');
    await record(sampleEvents.refused(first), sampleEvents.settled(first));
    await record(sampleEvents.settled(second), sampleEvents.refused(second), { ...sampleEvents.settled(second), id: 'twice' });
    await book();
    expect(await state(organization)).toMatchObject({ tokens: 2 * sampleTokens, totals: { dueNanoUsd: String(2 * sampleCost) } });
  });

  it('adds a call that the end does not tell of to whatever stands, once, and knows it then', async () => {
    const organization = `org_${++run}`;
    const options = { requestId: `req_${run}`, time: start, organization };
    const state1 = () => findCalls(harness.database, [{ requestId: options.requestId, attempt: '1.1' }], start);
    expect(await state1()).toEqual(['open']);
    await record(sampleEvents.intent(options, start), sampleEvents.refused(options));
    expect(await state1()).toEqual(['missing']);
    await record(sampleEvents.supplement(options, '1.1'));
    expect(await state1()).toEqual(['told']);
    await record(sampleEvents.supplement(options, '2.1'), sampleEvents.supplement(options, '1.1'));
    expect([await book(), await book()]).toEqual([2, 0]);
    expect(await state1()).toEqual(['told']);
    expect(await state(organization)).toMatchObject({ tokens: 2 * sampleTokens, totals: { dueNanoUsd: String(2 * sampleCost) } });
    expect(await auditBreaks()).toEqual([]);
  });

  it('leaves out of a settlement after a refusal the calls that supplements were charged for meanwhile', async () => {
    const organization = `org_${++run}`;
    const options = { requestId: `req_${run}`, time: start, organization };
    await record(sampleEvents.refused(options), sampleEvents.supplement(options, '1.1'), sampleEvents.supplement(options, '2.1'));
    expect(await book()).toBe(2);
    await record(settledWith(options, '1.1'));
    expect(await book()).toBe(1);
    expect(await state(organization)).toMatchObject({ tokens: 2 * sampleTokens, totals: { dueNanoUsd: String(2 * sampleCost) } });
    expect(await auditBreaks()).toEqual([]);
  });

  it('takes no call for the end of its request, whichever comes first: a replay by several replicas has no order', async () => {
    const organization = `org_${++run}`;
    const options = { requestId: `req_${run}`, time: start, organization };
    expect(await record(sampleEvents.supplement(options, '2.1'))).toMatchObject({ added: 0, late: 1 });
    expect(await book()).toBe(0);
    expect(await record(sampleEvents.settled(options), sampleEvents.supplement(options, '2.1'))).toMatchObject({ added: 1, late: 0 });
    expect([await book(), await book()]).toEqual([1, 0]);
    expect(await state(organization)).toMatchObject({ tokens: 2 * sampleTokens, totals: { dueNanoUsd: String(2 * sampleCost) } });
  });

  it('charges a call whose request nobody knows, once it has waited for an intent and an end', async () => {
    const organization = `org_${++run}`;
    const options = { requestId: `req_${run}`, time: start, organization };
    await record(sampleEvents.supplement(options, '1.1'));
    const asked = ['1.1', '2.1'].map((attempt) => ({ requestId: options.requestId, attempt }));
    expect(await findCalls(harness.database, asked, start)).toEqual(['told', 'open']);
    const bookNow = () => bookLateSettlements(harness.database, harness.prices.find, 5, 0);
    await record(sampleEvents.intent(options, start));
    expect([await book(), await bookNow()]).toEqual([0, 0]);
    await harness.database.query('DELETE FROM billing.open_intent WHERE request_id = $1', [options.requestId]);
    expect([await book(), await bookNow(), await bookNow()]).toEqual([0, 1, 0]);
    expect(await state(organization)).toMatchObject({ tokens: sampleTokens, totals: { dueNanoUsd: String(sampleCost) } });
    expect(await auditBreaks()).toEqual([]);
  });

  it('takes back what a call was charged by itself, where the row that comes yet tells of it', async () => {
    const organization = `org_${++run}`;
    const options = { requestId: `req_${run}`, time: start, organization };
    await record(sampleEvents.supplement(options, '1.1'), sampleEvents.supplement(options, '2.1'));
    expect(await bookLateSettlements(harness.database, harness.prices.find, 5, 0)).toBe(2);
    await record(settledWith(options, '1.1'));
    expect([await book(), await book()]).toEqual([1, 0]);
    expect(await state(organization)).toMatchObject({ tokens: 2 * sampleTokens, totals: { dueNanoUsd: String(2 * sampleCost) } });
    expect(await auditBreaks()).toEqual([]);
  });

  it('takes it back where a reservation comes to stand for it, and charges it again once an end does not tell of it', async () => {
    const organization = `org_${++run}`;
    const options = { requestId: `req_${run}`, time: start, organization };
    await record(sampleEvents.supplement(options, '1.1'));
    expect(await bookLateSettlements(harness.database, harness.prices.find, 5, 0)).toBe(1);
    await record(sampleEvents.intent(options, start));
    await harness.ledger.sweep(start + 1);
    expect([await book(), await book()]).toEqual([1, 0]);
    expect((await state(organization)).totals.dueNanoUsd).toBe(String(reservedCost));
    await record(refusedUnknowing(options));
    expect([await book(), await book()]).toEqual([2, 0]);
    expect(await state(organization)).toMatchObject({ tokens: sampleTokens, totals: { dueNanoUsd: String(sampleCost) } });
    expect(await auditBreaks()).toEqual([]);
  });

  it('adds no call to a reservation that stands for all of its request', async () => {
    const { organization, options } = await swept();
    const asked = [{ requestId: options.requestId, attempt: '1.1' }];
    expect(await findCalls(harness.database, asked, start + 3_600_000)).toEqual(['told']);
    await record(sampleEvents.supplement(options, '1.1'));
    expect(await book()).toBe(0);
    expect((await state(organization)).totals.dueNanoUsd).toBe(String(reservedCost));
  });

  it('asks for a call of a reservation again while its end may come, which may not tell of it', async () => {
    const { organization, options } = await swept();
    const state1 = () => findCalls(harness.database, [{ requestId: options.requestId, attempt: '1.1' }], start + 60_000);
    expect(await state1()).toEqual(['open']);
    await record(sampleEvents.refused(options));
    expect(await state1()).toEqual(['open']);
    await book();
    expect(await state1()).toEqual(['missing']);
    await record(sampleEvents.supplement(options, '1.1'));
    expect(await state1()).toEqual(['told']);
    await book();
    expect((await state(organization)).totals.dueNanoUsd).toBe(String(sampleCost));
  });

  it('comes to what providers produced whatever the order of ends, sweeps and bookings, on several replicas', async () => {
    const step = fc.constantFrom('intent', 'settled', 'sweep', 'book', 'both book');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const organization = `org_${++run}`;
        const options = { requestId: `req_${run}`, time: start, organization };
        for (const what of [...steps, 'settled', 'book']) {
          if (what === 'intent') await record(sampleEvents.intent(options, start));
          else if (what === 'settled') await record(sampleEvents.settled(options));
          else if (what === 'sweep') await harness.ledger.sweep(start + 1);
          else await Promise.all(what === 'book' ? [book()] : [book(), book()]);
        }
        expect(await state(organization)).toMatchObject({ tokens: sampleTokens, totals: { dueNanoUsd: String(sampleCost) } });
      }),
      { numRuns: 20 },
    );
    expect(await auditBreaks()).toEqual([]);
  }, 60_000);

  it.each([
    ['refused, not knowing of its calls', ['1.1', '2.1'], 0],
    ['settled with one of its calls', ['1.1', '2.1'], 0],
    ['settled with a call of its own', ['2.1', '3.1'], 1],
  ])(
    'charges each call once that an end or a supplement tells of, whatever the order: %s',
    async (name, calls, ownCalls) => {
      const step = fc.constantFrom('intent', 'end', ...calls, 'sweep', 'book', 'both book', 'early book');
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
          const organization = `org_${++run}`;
          const options = { requestId: `req_${run}`, time: start, organization };
          const end = name.startsWith('refused') ? refusedUnknowing(options) : settledWith(options, '1.1');
          for (const what of [...steps, ...calls, 'end', 'book']) {
            if (what === 'intent') await record(sampleEvents.intent(options, start));
            else if (what === 'end') await record(end);
            else if (what === 'sweep') await harness.ledger.sweep(start + 1);
            else if (what === 'early book') await bookLateSettlements(harness.database, harness.prices.find, 5, 0);
            else if (what.endsWith('book')) await Promise.all(what === 'book' ? [book()] : [book(), book()]);
            else await record(sampleEvents.supplement(options, what));
          }
          const told = calls.length + ownCalls;
          expect(await state(organization)).toMatchObject({
            tokens: told * sampleTokens,
            totals: { dueNanoUsd: String(told * sampleCost) },
          });
          const asked = calls.map((attempt) => ({ requestId: options.requestId, attempt }));
          expect(await findCalls(harness.database, asked, start + 3_600_000)).toEqual(calls.map(() => 'told'));
          expect([await book(), await book()]).toEqual([0, 0]);
        }),
        { numRuns: 40 },
      );
      expect(await auditBreaks()).toEqual([]);
    },
    60_000,
  );
});

function refusedUnknowing(options: SampleOptions): object {
  const { data, ...event } = sampleEvents.refused(options);
  return { ...event, data: { ...data, admitted: true, callsUnknown: true } };
}

/** A settlement that names its call. */
function settledWith(options: SampleOptions, id: string): object {
  const { data, ...event } = sampleEvents.settled(options);
  const attempts = 'attempts' in data ? data.attempts.map((attempt) => ({ ...attempt, id })) : [];
  return { ...event, data: { ...data, attempts } };
}
