/**
 * What the ledger costs: events a second, and CPU time for each request (an intent and a settlement) of this process
 * and of the database, at several batch sizes, on PGlite and on Debian's PostgreSQL. Run: `node services/billing/bench/ledger.ts [requests]`.
 */
import { migrate, openDatabase } from '@sluice/database';
import { startDebianPostgres, startPostgres } from '@sluice/testing';
import { samplePrices } from '../src/ledger-harness.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { planBatch, type StreamEvent } from '../src/ledger/plan-batch.ts';
import { PriceBook } from '../src/corrections/price-book.ts';
import { sampleEvents, streamEvent } from '../src/sample-events.ts';
import { processorTimeUs } from './processor-time.ts';

const requests = Number(process.argv[2] ?? 10_000);
const batchSizes = [10, 100, 500, 2_000];

/** Intents and settlements as they lie in the stream: the settlement some hundred events behind its intent. */
function makeEvents(round: string): StreamEvent[] {
  const lag = 100;
  const events: StreamEvent[] = [];
  for (let index = 0; index < requests + lag; index += 1) {
    const options = (number: number, source: string) => ({
      requestId: `req_${round}_${number.toString(36).padStart(12, '0')}`,
      time: 1_790_000_000_000 + number,
      source,
      sequence: number + 1,
    });
    if (index < requests) events.push(streamEvent(sampleEvents.intent(options(index, `metering/${round}`)), events.length + 1));
    if (index >= lag) events.push(streamEvent(sampleEvents.settled(options(index - lag, `ingress/${round}`)), events.length + 1));
  }
  return events;
}

async function measure(name: string, { url, pid }: { readonly url: string; readonly pid: number }): Promise<void> {
  const database = openDatabase({ url, applicationName: 'billing-bench' });
  await migrate(database, { service: 'billing', directory: new URL('../migrations/', import.meta.url) });
  const prices = new PriceBook(database, Date.now);
  await prices.store('genai-prices-0.1.8', 'bench', samplePrices);
  const ledger = new Ledger(database, { findPrice: prices.find });
  await runOnce(ledger, makeEvents('warm'), 500);
  for (const batchSize of batchSizes) {
    const events = makeEvents(String(batchSize));
    const database0 = await processorTimeUs(pid);
    const own0 = process.cpuUsage();
    const startedAt = performance.now();
    await runOnce(ledger, events, batchSize);
    const seconds = (performance.now() - startedAt) / 1_000;
    const own = process.cpuUsage(own0);
    const databaseUs = ((await processorTimeUs(pid)) - database0) / requests;
    const ownUs = (own.user + own.system) / requests;
    console.log(
      `${name.padEnd(12)}${String(batchSize).padStart(6)}${(events.length / seconds).toFixed(0).padStart(12)}` +
        `${ownUs.toFixed(1).padStart(12)}${databaseUs.toFixed(1).padStart(12)}${(ownUs + databaseUs).toFixed(1).padStart(12)}`,
    );
  }
  const [size] = await database.query<{ ledger: string; indexes: string; lines: string; rows: string }>(
    `SELECT pg_relation_size('billing.ledger') AS ledger, pg_indexes_size('billing.ledger') AS indexes,
       (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('billing.ledger_line')) AS lines, (SELECT count(*) FROM billing.ledger) AS rows`,
  );
  const bytes = (name: 'ledger' | 'indexes' | 'lines') => Math.round(Number(size?.[name]) / Number(size?.rows));
  console.log(`${name}: bytes a request: row ${bytes('ledger')}, its indexes ${bytes('indexes')}, its lines with theirs ${bytes('lines')}`);
  await database.close();
}

async function runOnce(ledger: Ledger, events: readonly StreamEvent[], batchSize: number): Promise<void> {
  for (let at = 0; at < events.length; at += batchSize) await ledger.record(events.slice(at, at + batchSize));
}

console.log(`${requests} requests, 2 events and 3 lines each\nserver      batch    events/s  billing µs database µs  sum µs/request`);
const events = makeEvents('plan');
const startedAt = process.cpuUsage();
for (let at = 0; at < events.length; at += 500) planBatch(events.slice(at, at + 500));
const { user, system } = process.cpuUsage(startedAt);
console.log(`parsing and planning alone: ${((user + system) / requests).toFixed(1)} µs a request`);

const debian = await startDebianPostgres();
await measure('PostgreSQL', debian).finally(() => debian.stop());
const embedded = await startPostgres();
await measure('PGlite', embedded).finally(() => embedded.stop());
