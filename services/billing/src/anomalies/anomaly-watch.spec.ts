import { usageEventTypes, type AnomaliesConfig, type Snapshot, anomaliesSchema } from '@sluice/contracts';
import { openDatabase, type Database, migrate } from '@sluice/database';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servers } from '../ledger-harness.ts';
import { Ledger } from '../ledger/ledger.ts';
import { sampleEvents, streamEvent } from '../sample-events.ts';
import { createAnomalyMetrics } from './anomaly-metrics.ts';
import { AnomalyStore } from './anomaly-store.ts';
import { AnomalyWatch } from './anomaly-watch.ts';
import { hourMs, minuteMs } from './key-minute.ts';

const start = Date.parse('2026-11-02T00:00:00Z');

describe.each(servers)('the watch on $name', ({ open }) => {
  let server: { readonly url: string; stop(): Promise<void> };
  let database: Database;
  let ledger: Ledger;
  let position = 0;

  beforeAll(async () => {
    server = await open();
    database = openDatabase({ url: server.url, applicationName: 'anomaly-spec', maxConnections: 4 });
    await migrate(database, { service: 'billing', directory: new URL('../../migrations/', import.meta.url) });
    ledger = new Ledger(database);
  });
  afterAll(async () => {
    await database.close();
    await server.stop();
  });

  /** Settlements of a key, spread over a minute. */
  function settlements(keyId: string, minuteStart: number, count: number) {
    return Array.from({ length: count }, (_, index) => {
      const time = minuteStart + Math.floor((index * minuteMs) / count);
      return streamEvent(
        sampleEvents.settled({ requestId: `req_${keyId}_${time}_${index}`, time, keyId, sequence: position + 1 }),
        ++position,
      );
    });
  }

  /** A history as the watch would have learned it: so much in every hour of three weeks. */
  async function giveHistory(keyId: string, requestsPerMinute: number, weeks = 3): Promise<void> {
    const hours = weeks * 168;
    // Peaks of the windows of 1, 5, 15, 60 and 360 minutes; a sample has 976 tokens and costs 201,000 nano-USD.
    await database.query(
      `INSERT INTO billing.key_hour
       SELECT $1, $2::timestamptz - number * interval '1 hour', 60 * $3::real, 60 * 976 * $3::real, 60 * 201000 * $3::real, 0, 0,
         (SELECT array_agg((unit * length * $3 * (1 + 0.02 * (number % 7)))::real ORDER BY place, length)
          FROM unnest(ARRAY[1, 976, 201000, 0, 0]::real[]) WITH ORDINALITY AS part (unit, place), unnest(ARRAY[1, 5, 15, 60, 360]) AS length),
         'no', 'no', 'no'
       FROM generate_series(1, $4::int) AS number`,
      [keyId, new Date(start), requestsPerMinute, hours],
    );
  }

  interface Told {
    readonly subject: string;
    readonly id: string;
    readonly data: { readonly outcome: string; readonly keyId?: string | undefined; readonly detail: Record<string, unknown> };
  }

  function makeWatch(clock: () => number, holder: string, anomalies?: Partial<AnomaliesConfig>) {
    const told: Told[] = [];
    const throttles = new Map<string, unknown>();
    const config = anomaliesSchema.parse(anomalies ?? {});
    const organizations: Snapshot['organizations'] = [{ name: 'acme', limits: {}, budgets: [], teams: [], anomalies: config }];
    const watch = new AnomalyWatch({
      store: new AnomalyStore(database),
      // Stands for the stream, which takes everything at once; the bus spec has the real one.
      events: {
        publish: (subject, event) => {
          if ('outcome' in event.data && 'detail' in event.data) told.push({ subject, id: event.id, data: event.data });
        },
        flush: () => Promise.resolve(),
        unacknowledged: 0,
      },
      bucket: {
        put: (key, value) => {
          throttles.set(key, JSON.parse(new TextDecoder().decode(value)));
          return Promise.resolve();
        },
      },
      organizations: () => organizations,
      metrics: createAnomalyMetrics(new Registry()),
      log: { warn: () => undefined },
      clock,
      holder,
      intervalMs: 1_000,
    });
    return { watch, told, throttles };
  }

  const of = (told: readonly Told[], keyId: string) => told.filter(({ data }) => data.keyId === keyId);

  it('adds a batch to the minutes of its keys once, however often it comes', async () => {
    const events = settlements('key_minutes', start - 10 * hourMs, 12);
    const refused = sampleEvents.refused({
      requestId: 'req_refused',
      time: start - 10 * hourMs,
      keyId: 'key_minutes',
      sequence: ++position,
    });
    await ledger.record(events);
    await ledger.record([...events.slice(3), streamEvent(refused, position)]);
    await ledger.record(events);
    const rows = await database.query('SELECT * FROM billing.key_minute WHERE key_id = $1', ['key_minutes']);
    expect(rows).toEqual([
      expect.objectContaining({
        requests: '13',
        tokens: String(12 * 976),
        cost_nano_usd: String(12 * 201_000),
        errors: '0',
        refusals: '1',
        organization: 'acme',
      }),
    ]);
    expect(usageEventTypes.refused).toBe(refused.type);
  });

  it('tells of a burst in its first minute, once, slows the key, and tells of its end', async () => {
    const keyId = 'key_burst';
    await giveHistory(keyId, 3);
    let now = start + 30 * minuteMs;
    const { watch, told, throttles } = makeWatch(() => now, 'one', { throttle: { factor: 2, minutes: 15, floor: 5 } });
    await ledger.record(settlements(keyId, now - minuteMs, 3));
    await watch.run();
    expect(of(told, keyId)).toEqual([]);

    await ledger.record(settlements(keyId, now, 120));
    now += 20_000;
    await watch.run();
    now += 2_000;
    await watch.run();
    expect(of(told, keyId)).toHaveLength(1);
    expect(of(told, keyId)[0]).toMatchObject({
      subject: 'sluice.v1.audit.acme',
      id: `anomaly:${keyId}:usage:2026-11-02T00:30:00.000Z:begun`,
      data: { outcome: 'begun', detail: { unit: 'tokens', severity: 'critical' } },
    });
    expect(throttles.get(keyId)).toMatchObject({ requestsPerMinute: expect.closeTo(7, 0) as number, until: now - 2_000 + 15 * minuteMs });

    for (let minute = 0; minute < 90; minute += 10) {
      now += 10 * minuteMs;
      await ledger.record(settlements(keyId, now - minuteMs, 3));
      await watch.run();
    }
    expect(of(told, keyId).map(({ data }) => data.outcome)).toEqual(['begun', 'ended']);
    await watch.close();
  });

  it('takes over from a process that died without telling twice', async () => {
    const keyId = 'key_takeover';
    await giveHistory(keyId, 3);
    const base = start + 4 * hourMs;
    let now = base;
    const first = makeWatch(() => now, 'first');
    await ledger.record(settlements(keyId, base, 200));
    now += 30_000;
    await first.watch.run();
    expect(of(first.told, keyId)).toHaveLength(1);

    const second = makeWatch(() => now, 'second');
    await second.watch.run();
    expect(second.told).toEqual([]); // the other still holds the lease
    await first.watch.close();
    await ledger.record(settlements(keyId, base + minuteMs, 200));
    now += minuteMs;
    await second.watch.run();
    expect(of(second.told, keyId)).toEqual([]);
    const rows = await database.query('SELECT 1 FROM billing.anomaly WHERE key_id = $1', [keyId]);
    expect(rows).toHaveLength(1);
    await second.watch.close();
  });

  it('forgets minutes within minutes, however many keys were in use', async () => {
    let now = start + 7 * hourMs + 30 * minuteMs;
    const { watch } = makeWatch(() => now, 'forgetting');
    await ledger.record(settlements('key_recent', now, 1));
    await database.query(
      `INSERT INTO billing.key_minute
       SELECT $1::timestamptz - number % 6 * interval '1 minute', 'key_old_' || number / 6, 'other', 'team', 1, 1, 1, 0, 0 FROM generate_series(0, 59999) AS number`,
      [new Date(now - 3 * 24 * hourMs)],
    );
    for (let minute = 0; minute < 3; minute += 1) {
      await watch.run();
      now += minuteMs;
    }
    const rows = await database.query(
      `SELECT DISTINCT organization FROM billing.key_minute WHERE key_id = 'key_recent' OR organization = 'other'`,
    );
    expect(rows).toEqual([{ organization: 'acme' }]);
    await watch.close();
  }, 30_000);

  it('does not take a backlog for a burst, and leaves out what was over before it was read', async () => {
    const keyId = 'key_backlog';
    await giveHistory(keyId, 3);
    const base = start + 8 * hourMs;
    let now = base;
    const { watch, told } = makeWatch(() => now, 'backlog');
    await ledger.record(settlements(keyId, base - minuteMs, 3));
    await watch.run();
    // Two hours of stand-still; the stream then has them all at once, with a burst in the first ten minutes.
    now += 2 * hourMs;
    for (let minute = 0; minute < 120; minute += 1) await ledger.record(settlements(keyId, base + minute * minuteMs, minute < 3 ? 100 : 3));
    await watch.run();
    await watch.run();
    expect(of(told, keyId)).toEqual([]);
    const rows = await database.query<{ ended: boolean }>('SELECT ended_at IS NOT NULL AS ended FROM billing.anomaly WHERE key_id = $1', [
      keyId,
    ]);
    expect(rows).toEqual([{ ended: true }]);
    await watch.close();
  });
});
