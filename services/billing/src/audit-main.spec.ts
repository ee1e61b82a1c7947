import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectBus, type Bus } from '@sluice/bus';
import { streams, subjects } from '@sluice/contracts';
import { migrate, openDatabase, type Database } from '@sluice/database';
import { startNatsServer, startPostgres } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { compareStream } from './audit/compare-stream.ts';
import { Ledger } from './ledger/ledger.ts';
import { sampleEvents, streamEvent } from './sample-events.ts';

let nats: Awaited<ReturnType<typeof startNatsServer>>;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let database: Database;
let bus: Bus;
const reportSchema = z.object({
  breaks: z.array(z.string()),
  stream: z.object({ events: z.number(), intents: z.number(), settled: z.number() }),
});

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNatsServer(), startPostgres()]);
  database = openDatabase({ url: postgres.url, applicationName: 'audit-spec' });
  await migrate(database, { service: 'billing', directory: new URL('../migrations/', import.meta.url) });
  const log = pino({ level: 'silent' });
  bus = await connectBus({
    servers: nats.url,
    service: 'ingress',
    version: '0.0.0',
    description: 'test',
    log,
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
  await bus.ensureStream({ name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: 3_600_000, duplicateWindowMs: 60_000 });
  await bus.ensureStream({ name: streams.audit, subjects: [subjects.anyAudit], maxAgeMs: 3_600_000, duplicateWindowMs: 60_000 });
});
afterAll(async () => {
  await bus.close();
  await database.close();
  await Promise.all([nats.stop(), postgres.stop()]);
});

async function runAudit(...options: readonly string[]): Promise<{ code: number; text: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('./audit-main.ts', import.meta.url)), ...options], {
    env: { PATH: process.env.PATH, DATABASE_URL: postgres.url, NATS_URL: nats.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = z
    .tuple([z.number()])
    .rest(z.unknown())
    .parse(await once(child, 'close'));
  return { code, text };
}

it('ends with 0 on a ledger that has the whole stream, and with 1 once a row is gone', async () => {
  const time = Date.now() - 120_000;
  const options = { requestId: 'req_1', time, source: 'sluice/ingress/a' };
  const events = [sampleEvents.intent({ ...options, sequence: 1 }), sampleEvents.settled({ ...options, sequence: 2 })];
  const encoder = new TextEncoder();
  for (const event of events) bus.publish(subjects.usage('acme', 'support'), encoder.encode(JSON.stringify(event)));
  await new Ledger(database).record(events.map((event, index) => streamEvent(event, index + 1)));
  const sound = await runAudit('--json');
  expect(sound.code).toBe(0);
  expect(reportSchema.parse(JSON.parse(sound.text))).toEqual({ breaks: [], stream: { events: 2, intents: 1, settled: 1 } });

  let alert = '';
  const listening = bus.subscribe(subjects.audit('system'), (data) => (alert += new TextDecoder().decode(data)));
  await database.query('DELETE FROM billing.ledger');
  const broken = await runAudit();
  expect(broken.code).toBe(1);
  expect(broken.text).toMatch(/^BREAK .*was sealed with 1/m);
  expect(broken.text).toMatch(/^requests +0 admitted = 0 settled/m);
  await vi.waitFor(() => {
    expect(alert).toContain('was sealed with 1');
  });
  await listening.close();
}, 60_000);

it('compares the stream to its end though the database takes long for a part of it', async () => {
  const encoder = new TextEncoder();
  const count = 1_500; // more than one batch
  for (let index = 0; index < count; index += 1) {
    const event = sampleEvents.refused({ requestId: `slow_${index}`, time: Date.now() });
    bus.publish(subjects.usage('acme', 'support'), encoder.encode(JSON.stringify(event)));
  }
  // Longer than the silence at which the stream counts as read. PGlite is one session: everybody waits.
  const busy = database.transaction((transaction) => transaction.query('SELECT pg_sleep(3.5)'));
  const { signal } = new AbortController();
  expect(await compareStream(bus, database, { maxEvents: Number.POSITIVE_INFINITY, signal })).toEqual({
    events: count,
    notFoundAtOnce: count,
  });
  await busy;
}, 60_000);
