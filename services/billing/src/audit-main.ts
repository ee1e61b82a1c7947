/**
 * `npm run audit`: the whole chain, all counts and, where NATS_URL is given, every event of the stream that no audit has seen. Prints a
 * report and ends with 1 on any break. `-- --json`: the report as JSON; `-- --anchor report.json`: heads of that earlier one must still be in the chain;
 * `-- --connections 4`: shards of the chain read at once (2), for which PostgreSQL needs a core each beside its other work.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { connectBus } from '@sluice/bus';
import { migrate, openDatabase } from '@sluice/database';
import { baseSettingsSchema, parseSettings, version } from '@sluice/runtime';
import { pino } from 'pino';
import { z } from 'zod';
import { raiseAuditAlert } from './audit/audit-alert.ts';
import { auditLedger } from './audit/audit-ledger.ts';
import { auditText } from './audit/audit-text.ts';
import { compareStream } from './audit/compare-stream.ts';
import { chainShards } from './ledger/ledger.ts';

const settingsSchema = z.object({
  DATABASE_URL: z.string('give the address of Postgres, e.g. postgres://user:password@127.0.0.1:5432/sluice').min(1),
});
const anchorSchema = z.object({
  chain: z.object({ heads: z.array(z.object({ shard: z.number().int(), number: z.number().int(), hash: z.string() })) }),
});

/** The chain is read whole; a statement may take long on a large ledger. */
const statementTimeoutMs = 600_000;
/** Events younger than this may not be recorded yet. */
const graceMs = 60_000;

/** Until the stream has the alert. */
const alertTimeoutMs = 5_000;

const { values } = parseArgs({
  options: { anchor: { type: 'string' }, json: { type: 'boolean', default: false }, connections: { type: 'string', default: '2' } },
});
const connections = z.coerce.number().int().min(1).max(chainShards).parse(values.connections);
const settings = parseSettings(settingsSchema, process.env);
const log = pino({ level: 'warn' }, pino.destination(2));
const database = openDatabase({
  url: settings.DATABASE_URL,
  applicationName: 'sluice-audit',
  statementTimeoutMs,
  maxConnections: connections,
});
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
  const compared =
    bus && (await compareStream(bus, database, { maxEvents: Number.POSITIVE_INFINITY, signal: new AbortController().signal }));
  const anchors = values.anchor === undefined ? [] : anchorSchema.parse(JSON.parse(await readFile(values.anchor, 'utf8'))).chain.heads;
  const report = await auditLedger(database, { now: Date.now(), graceMs, full: true, anchors, sideBySide: connections });
  const said = compared === undefined ? 'not compared: NATS_URL is not given' : `${compared.events} events compared now`;
  process.stdout.write(values.json ? `${JSON.stringify({ ...report, compared: compared ?? null }, null, 2)}\n` : auditText(report, said));
  if (report.breaks.length > 0) {
    process.exitCode = 1;
    if (bus !== undefined) {
      const alerts = await bus.createEventPublisher('billing');
      raiseAuditAlert(alerts, 'audit', report.at, report.breaks);
      await alerts.flush(alertTimeoutMs);
    }
  }
} finally {
  await bus?.close();
  await database.close();
}
