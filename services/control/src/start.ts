import { randomBytes } from 'node:crypto';
import { buckets, calls, configurationKey } from '@sluice/contracts';
import { migrate, openDatabase } from '@sluice/database';
import type { ServiceContext } from '@sluice/runtime';
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import { AuditTrail } from './audit-trail.ts';
import type { Environment } from './environment.ts';
import { ConfigurationFile } from './configuration-file.ts';
import { ControlPlane } from './control-plane.ts';
import { discoverProviders } from './discover-providers.ts';
import { modelCatalog } from './model-catalog.ts';
import { loadPepper } from './pepper.ts';
import { ensureAuditStream, recordAudit } from './record-audit.ts';
import { Reconciler } from './reconciler.ts';
import { createAdminApi } from './routes.ts';
import type { Settings } from './settings.ts';
import { watchFile } from './watch-file.ts';
import { whenDatabaseAnswers } from './when-database-answers.ts';

type Authentication = z.input<typeof calls.authenticateKey.response>;

/** Migrations of control; each waits for Postgres at most this long before the next attempt is logged. */
const migrationWaitMs = 2_000;
/** What a replica that died between Postgres and the bucket left undone, another one does after this at the latest. */
const reconcileMs = 1_000;

/** Starts control: admin API first (its /readyz tells what is awaited), then configuration, keys, audit log. */
export function startControl(environment: Environment): (context: ServiceContext<Settings>) => Promise<void> {
  return async (context) => {
    const { settings, bus, log, metrics } = context;
    const stopping = new AbortController();
    const database = openDatabase({
      url: settings.DATABASE_URL,
      applicationName: 'sluice-control',
      onConnectionLost: (error) => {
        log.warn({ err: error }, 'a Postgres connection broke');
      },
    });
    context.onClose('database', database);
    await ensureAuditStream(bus);
    const publisher = await bus.createEventPublisher('control');
    context.onClose('audit events', publisher);
    const audit = new AuditTrail(publisher, randomBytes);
    const plane = new ControlPlane({
      database,
      openBucket: () => bus.keyValue(buckets.configuration),
      audit,
      log,
      environment,
      pepper: await loadPepper(settings.SLUICE_KEY_PEPPER, settings.SLUICE_DATA_DIR),
      catalog: modelCatalog,
      discover: () => discoverProviders({ environment, fetch }),
      randomBytes,
      maxSnapshotBytes: bus.maxPayloadBytes,
    });
    context.readiness('configuration', () => (plane.version === undefined ? 'there is none yet: waiting for Postgres' : undefined));
    observePlane(metrics, plane);

    const api = createAdminApi({
      plane,
      database,
      bus,
      audit,
      metrics,
      log,
      adminToken: settings.SLUICE_ADMIN_TOKEN,
      health: context.health,
    });
    await api.listen({ port: settings.SLUICE_CONTROL_PORT, host: settings.SLUICE_CONTROL_HOST });
    context.onClose('admin API', () => api.close());
    context.onClose('waiting for Postgres', () => {
      stopping.abort();
    });

    const directory = new URL('../migrations/', import.meta.url);
    await whenDatabaseAnswers(() => migrate(database, { service: 'control', directory, waitMs: migrationWaitMs }), log, stopping.signal);
    const file = new ConfigurationFile({ path: settings.SLUICE_CONFIG, plane, log });
    await whenDatabaseAnswers(() => file.start(), log, stopping.signal);
    context.onClose('audit log', await recordAudit({ bus, database, log }));
    await serveChanges(context, plane, file);
    await serveAuthentication(context, plane);
  };
}

/** SIGHUP and the file's changes reload; what another replica changed is followed; NATS coming back publishes what it lost. */
async function serveChanges(context: ServiceContext<Settings>, plane: ControlPlane, file: ConfigurationFile): Promise<void> {
  const { settings, bus, log } = context;
  const reload = (): void => void file.reload();
  process.on('SIGHUP', reload);
  context.onClose('SIGHUP', () => void process.off('SIGHUP', reload));
  if (settings.SLUICE_CONFIG !== undefined) context.onClose('file watch', watchFile(settings.SLUICE_CONFIG, reload));
  const reconciler = new Reconciler({ task: () => plane.reconcile(), everyMs: reconcileMs, log });
  context.onClose('reconciliation', reconciler);
  const keyValue = await bus.keyValue(buckets.configuration);
  const watching = await keyValue.watch(configurationKey, (snapshot) => {
    plane.hear(snapshot);
    reconciler.wake();
  });
  context.onClose('configuration watch', watching);
  bus.onConnection((connected) => {
    if (!connected) return;
    plane.distrustBucket();
    reconciler.wake();
  });
}

async function serveAuthentication(context: ServiceContext<Settings>, plane: ControlPlane): Promise<void> {
  const authentications = new Counter({
    name: 'sluice_control_authentications_total',
    help: 'Keys looked up, by whether they are known',
    labelNames: ['known'],
    registers: [context.metrics],
  });
  const responder = await context.bus.respond(calls.authenticateKey, async ({ keySha256 }): Promise<Authentication> => {
    const { principal, configVersion } = await plane.authenticate(keySha256);
    authentications.inc({ known: String(principal !== undefined) });
    return principal === undefined ? { known: false } : { known: true, principal, configVersion };
  });
  context.onClose('authentication', responder);
}

function observePlane(metrics: Registry, plane: ControlPlane): void {
  new Gauge({
    name: 'sluice_control_configuration_version',
    help: 'Version of the configuration in force',
    registers: [metrics],
    collect() {
      this.set(plane.version ?? 0);
    },
  });
  new Gauge({
    name: 'sluice_control_live_keys',
    help: 'Virtual keys in force',
    registers: [metrics],
    collect() {
      this.set(plane.liveKeys);
    },
  });
}
