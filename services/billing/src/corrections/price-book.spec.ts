import { snapshotCatalog } from '@sluice/catalog';
import type { Snapshot } from '@sluice/contracts';
import { startPostgres } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLedger, samplePrices, type LedgerHarness } from '../ledger-harness.ts';
import { PriceBook } from './price-book.ts';

const at = Date.UTC(2026, 10, 1);
const [sample] = samplePrices;
const [provider, model] = [sample?.provider ?? '', sample?.model ?? ''];

describe('PriceBook', () => {
  let harness: LedgerHarness;
  beforeAll(async () => {
    harness = await openLedger(startPostgres);
  });
  afterAll(() => harness.close());
  const open = () => new PriceBook(harness.database, () => at);

  it('knows no list that is not stored, however often it is asked, and knows it once another replica stored it', async () => {
    const book = open();
    for (let attempt = 0; attempt < 2; attempt += 1) await expect(book.ensure('later')).rejects.toMatchObject({ code: 'not_found' });
    await open().store('later', 'test', samplePrices);
    await book.ensure('later');
    expect(book.find('later', provider, model, at)?.rates.output).toBe(600_000_000n);
  });

  it('takes the price that stood at the time of the call, and the first one for times before it', async () => {
    const book = open();
    const prices = ['100', '200', '300'].map((output, month) => ({
      provider,
      model,
      effectiveFrom: new Date(Date.UTC(2026, month)).toISOString(),
      price: { input: '1', output, cachedInput: '1', cacheWrite: '1', tiers: [] },
    }));
    await book.store('dated', 'test', prices.toReversed());
    const reread = open();
    await reread.load();
    const times = [Date.UTC(2025, 11, 31), Date.UTC(2026, 0), Date.UTC(2026, 1) - 1, Date.UTC(2026, 1), Date.UTC(2027, 0)];
    for (const each of [book, reread])
      expect(times.map((time) => each.find('dated', provider, model, time)?.rates.output)).toEqual([100n, 100n, 100n, 200n, 300n]);
  });

  it('says what the catalogue says at any time, of prices that changed or will within a month', async () => {
    const book = open();
    const target = (provider: string, model: string) => ({ provider, model, weight: 1 });
    const targets = [target('openai', 'gpt-5.6-sol'), target('google', 'gemini-3.6-flash'), target('openai', 'gpt-4o-mini')];
    const snapshot = {
      providers: [
        { name: 'openai', type: 'openai' },
        { name: 'google', type: 'gemini' },
      ],
      models: [{ name: 'model', targets: [...targets, target('openai', 'deepseek')] }],
    } as unknown as Snapshot; // safe: the catalogue reads no more of it
    await book.storeCatalog(snapshot);
    await book.storeCatalog(snapshot);
    const { priceVersion } = snapshotCatalog(snapshot);
    const times = [Date.UTC(2026, 7, 20), Date.UTC(2026, 7, 21), Date.UTC(2027, 0, 1)];
    expect(times.map((time) => book.find(priceVersion, 'openai', 'gpt-5.6-sol', time)?.rates.output)).toSatisfy(
      ([before, from, after]: bigint[]) => before !== from && from === after,
    );
    for (let month = -11; month <= 24; month += 1) {
      for (const date of [1, 16, 20, 21, 22, 31]) {
        const time = Date.UTC(2026, month, date) - 1;
        const catalog = snapshotCatalog(snapshot, () => time);
        for (const { provider: by, model: asked } of targets)
          expect(book.find(priceVersion, by, asked, time)).toEqual(catalog.find(by, asked)?.price);
      }
    }
  });

  it('keeps the list that a re-rating has asked for while others come', async () => {
    const book = open();
    const store = async (from: number, to: number) => {
      for (let list = from; list < to; list += 1) await book.store(`list-${list}`, 'test', samplePrices);
    };
    await book.store('asked', 'test', samplePrices);
    await store(0, 99);
    await book.ensure('asked');
    await store(99, 110);
    expect(book.find('list-0', provider, model, at)).toBeUndefined();
    expect(book.find('asked', provider, model, at)).toBeDefined();
  });
});
