import { calls, streams, subjects, type Snapshot } from '@sluice/contracts';
import { migrate, openDatabase, type Database } from '@sluice/database';
import { version, type ServiceContext } from '@sluice/runtime';
import type { z } from 'zod';
import { Admission } from './admission/admission.ts';
import { InputCounter } from './estimates/count-input.ts';
import { SupplementBook } from './leases/book-supplements.ts';
import { startCrossings } from './leases/crossings.ts';
import { startExpiry } from './admission/expire-unsettled.ts';
import { hearSettlements } from './hear-settlements.ts';
import { LeaseStore } from './leases/lease-store.ts';
import { KnownKeys } from './limits/known-keys.ts';
import { LeaseTraces } from './leases/lease-traces.ts';
import { registerMetrics } from './metering-metrics.ts';
import { OutputEstimates } from './estimates/output-estimates.ts';
import { readUsage } from './read-usage.ts';
import { startReconciler } from './leases/reconciler.ts';
import type { settingsSchema } from './settings.ts';
import { createStage } from './stage.ts';
import { Throttles } from './limits/throttles.ts';

/** Usage events are kept for a week in the stream, so a billing outage of days loses nothing. */
const usageStream = { name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: 7 * 86_400_000, duplicateWindowMs: 600_000 };
const migrationRetryMs = 1_000;

export type MeteringSettings = z.output<typeof settingsSchema>;
export type MeteringContext = Pick<ServiceContext<MeteringSettings>, 'bus' | 'log' | 'metrics' | 'configuration' | 'onClose' | 'clock'> & {
  readonly settings: MeteringSettings;
};

/** Joins admission to the bus and to the database of leases. A database that is away holds up nothing that no limit binds. */
export async function startMetering(context: MeteringContext): Promise<void> {
  const { settings, bus, log, onClose, clock } = context;
  await bus.ensureStream(usageStream);
  const configuration = await context.configuration();
  const database = openDatabase({
    url: settings.DATABASE_URL,
    applicationName: 'sluice-metering',
    onConnectionLost: (error) => {
      log.warn({ err: error }, 'an idle connection to Postgres broke; the next statement opens another');
    },
  });
  onClose('database', database);
  const ready = migrateInBackground(context, database);
  const events = await bus.createEventPublisher('metering');
  // A source of its own: billing proves that the numbers of one source in USAGE have no gap.
  const alerts = await bus.createEventPublisher('metering-budgets');
  const store = new LeaseStore(database, settings.METERING_LEASE_MS);
  const traces = new LeaseTraces();
  const admission = new Admission(configuration.current, {
    store: {
      renew: (state, asked) => {
        if (!ready.done()) return Promise.reject(new Error('migrations are not applied yet'));
        const awaited = asked.some(({ ask }) => ask.need > 0);
        return traces.statement(awaited, () => store.renew(state, asked));
      },
    },
    clock,
    instance: bus.instance,
    leaseMs: settings.METERING_LEASE_MS,
    patienceMs: settings.METERING_PATIENCE_MS,
    mostOutputTokens: settings.METERING_MAX_OUTPUT_TOKENS,
    log,
  });
  const policies = new PolicyTable(configuration.current);
  const keys = new KnownKeys(configuration.current.keys);
  configuration.onChange((snapshot) => {
    admission.configure(snapshot);
    policies.configure(snapshot);
    keys.configure(snapshot.keys);
  });
  const throttles = new Throttles({
    bus,
    clock,
    log,
    apply: (keyId, requestsPerMinute) => {
      admission.throttle(keyId, requestsPerMinute);
    },
  });
  onClose('throttles', throttles);
  await throttles.open();
  const estimates = new OutputEstimates();
  const supplements = new SupplementBook({
    store: {
      bookSupplement: (eventId, amounts) =>
        ready.done() ? store.bookSupplement(eventId, amounts) : Promise.reject(new Error('migrations are not applied yet')),
    },
    scopesOf: (asker) => admission.scopesOf(asker),
    release: (supplement) => {
      admission.supplemented(supplement);
    },
    log,
  });
  onClose('supplements', () => {
    supplements.close();
  });
  const hearing = hearSettlements({
    bus,
    clock,
    log,
    holds: (requestId) => admission.holds(requestId),
    settle: ({ requestId, usage, apart }) => {
      const settled = admission.settle(requestId, usage);
      if (apart !== undefined) void supplements.add(apart);
      if (settled !== undefined && usage.output > 0) estimates.observe(settled.asker.keyId, settled.asker.model, usage.output);
    },
    takenOver: (requestId, attempt) => {
      admission.takenOver(requestId, attempt);
    },
    supplement: (supplement) => void supplements.add(supplement),
  });
  onClose('settlements', hearing);
  onClose('expiry', startExpiry({ admission, hearing, clock, log }));
  startRenewals(context, admission);
  onClose('leases', async () => {
    await admission.keeper.flush(true);
    await store.release(admission.keeper.holder).catch(() => undefined); // it then ends by itself
  });
  onClose('reconciler', startReconciler({ store, bus, log, clock, admission, supplements, isReady: () => ready.done() }));
  onClose('crossings', startCrossings({ database, events: alerts, log, isReady: () => ready.done() }));
  registerMetrics(context.metrics, admission, () => events.unacknowledged);
  await bus.respond(calls.readUsage, (request) => readUsage(admission, configuration.current, request, clock()));
  await bus.respond(calls.settleReservation, ({ requestId, usage }) => ({ released: admission.settle(requestId, usage) !== undefined }));
  await bus.respond(calls.extendReservation, async (request) => {
    const unpriced = policies.of(request.policy ?? '')?.unpriced ?? 'refuse';
    return { granted: await admission.extend({ ...request, unpriced }) };
  });
  const stage = createStage({
    admission,
    estimates,
    counter: new InputCounter(),
    keys,
    traces,
    events,
    throttleOf: (keyId) => throttles.of(keyId),
    policyOf: (name) => policies.of(name),
    clock,
    version,
    concurrency: settings.METERING_CONCURRENCY,
    defaultOutputTokens: settings.METERING_DEFAULT_OUTPUT_TOKENS,
    eventBacklog: settings.METERING_EVENT_BACKLOG,
  });
  onClose('stage', await bus.serveStage(stage));
}

/** Until they are applied no quota can be leased; requests without limits go on. */
function migrateInBackground({ log, onClose }: MeteringContext, database: Database): { done(): boolean } {
  let done = false;
  let stopped = false;
  const attempt = async (): Promise<void> => {
    try {
      const applied = await migrate(database, { service: 'metering', directory: new URL('../migrations/', import.meta.url) });
      if (applied.length > 0) log.info({ applied }, 'migrations applied');
      done = true;
    } catch (error) {
      if (stopped) return;
      log.error({ err: error }, 'migrations could not be applied; trying again');
      setTimeout(() => void attempt(), migrationRetryMs).unref();
    }
  };
  void attempt();
  onClose('migrations', () => {
    stopped = true;
  });
  return { done: () => done };
}

function startRenewals({ settings, onClose }: MeteringContext, admission: Admission): void {
  const timer = setInterval(() => void admission.keeper.flush(true), settings.METERING_RENEWAL_MS).unref();
  onClose('renewals', () => {
    clearInterval(timer);
  });
}

/** What policies say of metering. */
class PolicyTable {
  #policies = new Map<string, Snapshot['policies'][number]['metering']>();

  constructor(snapshot: Snapshot) {
    this.configure(snapshot);
  }

  configure(snapshot: Snapshot): void {
    this.#policies = new Map(snapshot.policies.map(({ name, metering }) => [name, metering]));
  }

  of(name: string): Snapshot['policies'][number]['metering'] {
    return this.#policies.get(name);
  }
}
