import { migrate, openDatabase, type Database } from '@sluice/database';
import { startDebianPostgres, startPostgres } from '@sluice/testing';
import { Ledger } from './ledger/ledger.ts';
import { PriceBook } from './corrections/price-book.ts';
import { sampleEvents, streamEvent, type SampleOptions } from './sample-events.ts';

/** Where the ledger's tests run: PostgreSQL's protocol by PGlite, and the server itself. */
export const servers = [
  { name: 'PGlite', open: startPostgres },
  { name: 'PostgreSQL', open: startDebianPostgres },
] as const;

export interface LedgerHarness {
  readonly database: Database;
  readonly prices: PriceBook;
  readonly ledger: Ledger;
  /** Records a settlement for each. */
  settle(...requests: readonly SampleOptions[]): Promise<void>;
  close(): Promise<void>;
}

/** A price list under the version that the samples name; a sample costs 556 x 150 + 256 x 75 + 164 x 600 at it. */
export const samplePrices = [
  {
    provider: 'openai',
    model: 'gpt-4o-mini-2024-07-18',
    effectiveFrom: '2026-01-01T00:00:00Z',
    price: { input: '150000000', output: '600000000', cachedInput: '75000000', cacheWrite: '150000000', tiers: [] },
  },
];

export async function openLedger(open: () => Promise<{ readonly url: string; stop(): Promise<void> }>): Promise<LedgerHarness> {
  const server = await open();
  const database = openDatabase({ url: server.url, applicationName: 'ledger-spec', maxConnections: 4 });
  await migrate(database, { service: 'billing', directory: new URL('../migrations/', import.meta.url) });
  const prices = new PriceBook(database, Date.now);
  await prices.store('genai-prices-0.1.8', 'test', samplePrices);
  const ledger = new Ledger(database, { findPrice: prices.find });
  let position = 0;
  return {
    database,
    prices,
    ledger,
    settle: async (...requests) => {
      await ledger.record(requests.map((request) => streamEvent(sampleEvents.settled(request), ++position)));
    },
    close: async () => {
      await database.close();
      await server.stop();
    },
  };
}
