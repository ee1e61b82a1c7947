/**
 * `npm run audit`: the whole chain, all counts and, where NATS_URL is given, every event of the stream that no audit has seen. Prints a
 * report as JSON and ends with 1 on any break. `-- --anchor report.json`: heads of that earlier report must still be in the chain.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectBus, type Bus } from '@sluice/bus';
import { auditEventTypes, streams, subjects } from '@sluice/contracts';
import { migrate, openDatabase, type Database } from '@sluice/database';
import { baseSettingsSchema, parseSettings, version } from '@sluice/runtime';
import { pino } from 'pino';
import { z } from 'zod';
import { auditLedger } from './audit-ledger.ts';
import { auditBatch, auditDurable } from './audit-stream.ts';

const settingsSchema = z.object({
  DATABASE_URL: z.string('give the address of Postgres, e.g. postgres://user:password@127.0.0.1:5432/sluice').min(1),
});
const anchorSchema = z.object({
  chain: z.object({ heads: z.array(z.object({ shard: z.number().int(), number: z.number().int(), hash: z.string() })) }),
});

/** The chain is read whole; a statement may take long on a large ledger. */
const statementTimeoutMs = 600_000;
/** Without a batch for this long the stream is read to its end. */
const quietMs = 3_000;
/** Events younger than this may not be recorded yet. */
const graceMs = 60_000;
const batchSize = 1_000;

const { values } = parseArgs({ options: { anchor: { type: 'string' } } });
const settings = parseSettings(settingsSchema, process.env);
const log = pino({ level: 'warn' }, pino.destination(2));
const database = openDatabase({ url: settings.DATABASE_URL, applicationName: 'sluice-audit', statementTimeoutMs });
const base = process.env.NATS_URL === undefined ? undefined : parseSettings(baseSettingsSchema, process.env);
const bus =
  base &&
  (await connectBus({
    servers: base.NATS_URL,
    user: base.NATS_USER,
    password: base.NATS_PASSWORD,
    tls: { caFile: base.NATS_CA_FILE, certFile: base.NATS_CERT_FILE, keyFile: base.NATS_KEY_FILE },
    service: 'billing',
    version,
    description: 'audit',
    log,
    tracing: false,
    hopBudgetMs: base.SLUICE_HOP_BUDGET_MS,
    echo: false,
  }));
try {
  await migrate(database, { service: 'billing', directory: new URL('../migrations/', import.meta.url) });
  const stream = bus === undefined ? 'not compared: NATS_URL is not given' : await compareStream(bus, database);
  const anchors = values.anchor === undefined ? [] : anchorSchema.parse(JSON.parse(await readFile(values.anchor, 'utf8'))).chain.heads;
  const report = await auditLedger(database, { now: Date.now(), graceMs, full: true, anchors });
  process.stdout.write(`${JSON.stringify({ ...report, stream }, null, 2)}\n`);
  if (report.breaks.length > 0) {
    process.exitCode = 1;
    if (bus !== undefined) await raiseAlert(bus, report.breaks);
  }
} finally {
  await bus?.close();
  await database.close();
}

/** Reads what the stream holds beyond the last audit. */
async function compareStream(on: Bus, ledger: Database): Promise<{ events: number; notFoundAtOnce: number }> {
  const seen = { events: 0, notFoundAtOnce: 0 };
  let lastAt = Date.now();
  const consumer = await on.consume({
    stream: streams.usage,
    durable: auditDurable,
    batchSize,
    batchWaitMs: 500,
    maxDeliveries: 10,
    ackWaitMs: 30_000,
    handle: async (batch) => {
      seen.notFoundAtOnce += await auditBatch(ledger, batch);
      seen.events += batch.length;
      lastAt = Date.now();
    },
  });
  while (Date.now() - lastAt < quietMs) await delay(100);
  await consumer.close();
  return seen;
}

async function raiseAlert(on: Bus, breaks: readonly string[]): Promise<void> {
  const alerts = await on.createEventPublisher('billing');
  alerts.publish(subjects.audit('system'), {
    id: `ledger-audit:${new Date().toISOString()}`,
    type: auditEventTypes.ledger,
    subject: 'ledger',
    data: { organization: 'system', actor: 'audit', action: 'ledger.audit', outcome: 'broken', detail: { breaks: breaks.slice(0, 20) } },
  });
  await alerts.close();
}
