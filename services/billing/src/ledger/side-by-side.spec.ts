import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase, type Database } from '@sluice/database';
import { startDebianPostgres } from '@sluice/testing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLedger, type LedgerHarness } from '../ledger-harness.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';
import { clearLedger, ledgerContents } from './ledger-contents.ts';
import { createBillingMetrics } from '../billing-metrics.ts';
import { Ledger } from './ledger.ts';
import { createRecorder } from './recorder.ts';
import { SweepClock } from './sweep-clock.ts';

const start = Date.UTC(2026, 10, 1, 12);

// Only on the server itself: PGlite is one session, so nothing there happens between a statement's snapshot and its writes.
describe('a batch that is recorded while another statement writes the row of its request', () => {
  let harness: LedgerHarness;
  let other: Database;

  beforeAll(async () => {
    const server = await startDebianPostgres();
    harness = await openLedger(() => Promise.resolve(server));
    other = openDatabase({ url: server.url, applicationName: 'other-replica', maxConnections: 2 });
  });
  afterAll(async () => {
    await other.close();
    await harness.close();
  });
  beforeEach(() => clearLedger(harness.database));

  const isWaiting = async () => {
    const [row] = await other.query<{ waiting: string }>(
      `SELECT count(*) AS waiting FROM pg_stat_activity WHERE application_name = 'ledger-spec' AND wait_event_type = 'Lock'`,
    );
    return row?.waiting === '1';
  };
  /** Records a batch that begins before `first` is committed, and must wait for it. */
  const recordBeside = async (first: (ledger: Ledger) => Promise<unknown>, shard: number, ...events: readonly object[]) => {
    const batch = events.map((event, index) => streamEvent(event, index + 1));
    const { promise: recorded, resolve } = Promise.withResolvers<Awaited<ReturnType<Ledger['record']>>>();
    await other.transaction(async (transaction) => {
      await first(new Ledger(transaction, { shard }));
      resolve(harness.ledger.record(batch));
      while (!(await isWaiting())) await delay(5);
    });
    return recorded;
  };

  it.each([
    ['of the same shard', 0],
    ['of another shard', 1],
  ])('keeps an end that comes while a sweep %s settles its request', async (_name, shard) => {
    const options = { requestId: 'req_1', time: start };
    await harness.ledger.record([streamEvent(sampleEvents.intent(options, start), 1)]);
    const recorded = await recordBeside((ledger) => ledger.sweep(start + 1), shard, sampleEvents.settled(options));
    expect(recorded).toMatchObject({ added: 0, late: 1 });
    expect(await ledgerContents(harness.database)).toMatchObject({
      rows: [{ outcome: 'unresolved' }],
      late: [{ event_id: 'req_1:settled' }],
    });
  });

  it('keeps a second end that another replica records at the same time', async () => {
    const options = { requestId: 'req_1', time: start };
    const refused = (ledger: Ledger) => ledger.record([streamEvent(sampleEvents.refused(options), 9)]);
    expect(await recordBeside(refused, 1, sampleEvents.settled(options))).toMatchObject({ added: 0, late: 1 });
    expect(await ledgerContents(harness.database)).toMatchObject({
      rows: [{ event_id: 'req_1:refused' }],
      late: [{ event_id: 'req_1:settled' }],
    });
  });

  it.each([
    [1, 2],
    [3, 2],
  ])(
    'keeps a request open at its highest round where another replica records round %i at the same time as round %i',
    async (other, own) => {
      const intent = (round: number) => sampleEvents.intent({ requestId: 'req_1', time: start }, start, round);
      const otherFirst = (ledger: Ledger) => ledger.record([streamEvent(intent(other), other)]);
      await recordBeside(otherFirst, 1, intent(own));
      expect((await ledgerContents(harness.database)).open).toMatchObject([{ round: Math.max(other, own) }]);
    },
  );

  it('records a batch again that Postgres gave up because it and a sweep waited for each other', async () => {
    const options = { requestId: 'req_1', time: start };
    await harness.ledger.record([streamEvent(sampleEvents.intent(options, start), 1)]);
    const metrics = createBillingMetrics(new Registry());
    const sweepClock = new SweepClock({ graceMs: 0, quietMs: 60_000, clock: Date.now });
    const { signal } = new AbortController();
    const record = createRecorder({
      ledger: harness.ledger,
      sweepClock,
      metrics,
      log: pino({ level: 'silent' }),
      publish: () => undefined,
      signal,
    });
    const { promise: recorded, resolve } = Promise.withResolvers<unknown>();
    // The recorder looks for the cause of its wait first, and so late that the sweep surely waits too.
    await other.query(`ALTER SYSTEM SET deadlock_timeout = '3s'`);
    await other.query('SELECT pg_reload_conf()');
    await other.transaction(async (transaction) => {
      await transaction.query(`SET LOCAL deadlock_timeout = '60s'`);
      await transaction.query('SELECT FROM billing.open_intent FOR UPDATE');
      resolve(record([streamEvent(sampleEvents.settled(options), 2)]));
      while (!(await isWaiting())) await delay(5);
      await new Ledger(transaction, { shard: 1 }).sweep(start + 1);
    });
    await recorded;
    expect((await metrics.failures.get()).values).toMatchObject([{ value: 1 }]);
    expect(await ledgerContents(harness.database)).toMatchObject({
      rows: [{ outcome: 'unresolved' }],
      open: [],
      late: [{ event_id: 'req_1:settled' }],
    });
  });

  it('takes the same event from another replica at the same time once', async () => {
    const event = sampleEvents.settled({ requestId: 'req_1', time: start });
    const same = (ledger: Ledger) => ledger.record([streamEvent(event, 1)]);
    expect(await recordBeside(same, 1, event)).toMatchObject({ added: 0, late: 0 });
    expect(await ledgerContents(harness.database)).toMatchObject({ rows: [{ event_id: 'req_1:settled' }], late: [] });
  });
});
