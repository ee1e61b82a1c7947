import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditLedger } from '../audit/audit-ledger.ts';
import { bookLateSettlements } from './late-settlements.ts';
import { openLedger, samplePrices, servers, type LedgerHarness } from '../ledger-harness.ts';
import { Reratings, type RerateQuery, type Rerating } from './reratings.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';
import { readStatement } from '../statements/statement.ts';

const start = Date.UTC(2026, 10, 1, 12);
const dayMs = 86_400_000;
const period = { from: '2026-11-01', to: '2026-12-01' };
const outputCost = 164 * 600;
const sampleCost = 201_000;

describe.each(servers)('re-ratings on $name', ({ open }) => {
  let harness: LedgerHarness;
  let run = 0;
  const query = (changes: Partial<RerateQuery>): RerateQuery => ({
    priceVersion: 'doubled',
    ...period,
    apply: true,
    author: 'test',
    ...changes,
  });
  const settle = (organization: string, count: number) =>
    harness.settle(
      ...Array.from({ length: count }, (_, index) => ({ requestId: `${organization}_${index}`, time: start + index, organization })),
    );
  const finish = async (by: Reratings, changes: Partial<RerateQuery>): Promise<Rerating> => {
    const { id } = await by.start(query(changes));
    while (await by.step());
    return by.read(id);
  };
  const totalsOf = async (organization: string) => (await readStatement(harness.database, { organization, ...period, by: 'team' })).totals;

  beforeAll(async () => {
    harness = await openLedger(open);
    const doubled = samplePrices.map((listed) => ({ ...listed, price: { ...listed.price, output: '1200000000' } }));
    await harness.prices.store('doubled', 'test', doubled);
  });
  afterAll(() => harness.close());
  const reratings = () => new Reratings(harness.database, harness.prices, 3);

  it('books the differences of a period as new entries, and finds none the second time', async () => {
    const organization = `rerated_${++run}`;
    await settle(organization, 5);
    const rows = await harness.database.query('SELECT * FROM billing.ledger ORDER BY request_id');
    expect(await finish(reratings(), { organization, apply: false })).toMatchObject({
      state: 'done',
      applies: false,
      requests: 5,
      changed: 5,
      newNanoUsd: String(5 * (sampleCost + outputCost)),
      differences: [{ organization, requests: 5, newNanoUsd: String(5 * (sampleCost + outputCost)) }],
    });
    expect((await totalsOf(organization)).reratingNanoUsd).toBe('0');
    expect(await finish(reratings(), { organization })).toMatchObject({ applies: true, changed: 5, oldNanoUsd: String(5 * sampleCost) });
    expect(await finish(reratings(), { organization })).toMatchObject({ changed: 0, oldNanoUsd: String(5 * (sampleCost + outputCost)) });
    expect(await totalsOf(organization)).toMatchObject({ usageNanoUsd: String(5 * sampleCost), reratingNanoUsd: String(5 * outputCost) });
    expect(await harness.database.query('SELECT * FROM billing.ledger ORDER BY request_id')).toEqual(rows);
    expect(await finish(reratings(), { organization, priceVersion: 'genai-prices-0.1.8' })).toMatchObject({
      newNanoUsd: String(5 * sampleCost),
    });
    expect((await auditLedger(harness.database, { now: start + 30 * dayMs, graceMs: 0, full: true })).breaks).toEqual([]);
  });

  it('is gone on with by another replica where the first one died, without a difference', async () => {
    const organization = `resumed_${++run}`;
    await settle(organization, 2_300);
    const { id } = await reratings().start(query({ organization }));
    expect(await reratings().step()).toBe(true);
    expect(await reratings().read(id)).toMatchObject({ state: 'running', requests: 1_000, reached: new Date(start + 999).toISOString() });
    const others = [reratings(), reratings(), reratings()];
    while ((await Promise.all(others.map((other) => other.step()))).some(Boolean));
    expect(await reratings().read(id)).toMatchObject({ state: 'done', requests: 2_300, changed: 2_300 });
    expect((await totalsOf(organization)).reratingNanoUsd).toBe(String(2_300 * outputCost));
  }, 30_000);

  it('is the same job under the same id, and refuses another one under it', async () => {
    const organization = `named_${++run}`;
    await settle(organization, 1);
    const id = `month-${run}`;
    await finish(reratings(), { organization, id });
    expect(await reratings().start(query({ organization, id }))).toMatchObject({ id, state: 'done', changed: 1 });
    await expect(reratings().start(query({ organization, id, apply: false }))).rejects.toMatchObject({ code: 'conflict' });
    expect((await reratings().list()).map((job) => job.id)).toContain(id);
  });

  it('refuses a list that is not stored, and never changes one that is', async () => {
    await expect(reratings().start(query({ priceVersion: 'unknown' }))).rejects.toMatchObject({ code: 'not_found' });
    await expect(harness.prices.store('genai-prices-0.1.8', 'test', samplePrices)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('leaves what is unresolved at its reservation, and rates it once its end came late', async () => {
    const organization = `late_${++run}`;
    const options = { requestId: `${organization}_1`, time: start, organization };
    await harness.ledger.record([streamEvent(sampleEvents.intent(options, start), 1)]);
    await harness.ledger.sweep(start + 1);
    expect(await finish(reratings(), { organization })).toMatchObject({ requests: 1, changed: 0, unresolved: 1 });
    await harness.ledger.record([streamEvent(sampleEvents.settled(options), 2)]);
    await bookLateSettlements(harness.database, harness.prices.find, 4);
    expect(await finish(reratings(), { organization })).toMatchObject({
      requests: 1,
      changed: 1,
      unresolved: 0,
      oldNanoUsd: String(sampleCost),
    });
    expect((await totalsOf(organization)).dueNanoUsd).toBe(String(sampleCost + outputCost));
  });

  it('rates calls that supplements told of beside the end of their request', async () => {
    const organization = `supplemented_${++run}`;
    const options = { requestId: `${organization}_1`, time: start, organization };
    const refused = { requestId: `${organization}_2`, time: start, organization };
    await harness.ledger.record([
      streamEvent(sampleEvents.settled(options), 11),
      streamEvent(sampleEvents.refused(refused), 12),
      streamEvent(sampleEvents.supplement(options, '1.1'), 13),
      streamEvent(sampleEvents.supplement(options, '2.1'), 14),
      streamEvent(sampleEvents.supplement(refused, '1.1'), 15),
    ]);
    expect(await bookLateSettlements(harness.database, harness.prices.find, 4)).toBe(3);
    expect(await finish(reratings(), { organization })).toMatchObject({
      requests: 2,
      oldNanoUsd: String(4 * sampleCost),
      newNanoUsd: String(4 * (sampleCost + outputCost)),
    });
    expect(await finish(reratings(), { organization })).toMatchObject({ changed: 0, oldNanoUsd: String(4 * (sampleCost + outputCost)) });
    expect(await finish(reratings(), { organization, priceVersion: 'genai-prices-0.1.8' })).toMatchObject({
      newNanoUsd: String(4 * sampleCost),
    });
    expect((await totalsOf(organization)).dueNanoUsd).toBe(String(4 * sampleCost));
  });

  it('gives up a job whose page fails again and again', async () => {
    const organization = `failing_${++run}`;
    await settle(organization, 1);
    const job = reratings();
    const { id } = await job.start(query({ organization }));
    await harness.database.query(`ALTER TABLE billing.adjustment ADD CONSTRAINT refuse CHECK (organization <> '${organization}')`);
    for (let attempt = 0; attempt < 10; attempt += 1) await expect(job.step()).rejects.toMatchObject({ code: 'internal_error' });
    await harness.database.query('ALTER TABLE billing.adjustment DROP CONSTRAINT refuse');
    expect([await job.step(), (await job.read(id)).state]).toEqual([false, 'failed']);
  });
});
