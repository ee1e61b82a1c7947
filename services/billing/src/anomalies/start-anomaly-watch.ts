import type { EventPublisher } from '@sluice/bus';
import { buckets, type Snapshot } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import { startPeriodic } from '../periodic.ts';
import type { BillingContext } from '../start-billing.ts';
import { createAnomalyMetrics } from './anomaly-metrics.ts';
import { AnomalyStore } from './anomaly-store.ts';
import { AnomalyWatch } from './anomaly-watch.ts';

export interface AnomalyWatchParts {
  readonly database: Database;
  /** Of this process: one source numbers its events. */
  readonly events: EventPublisher;
}

/** Watches keys for what is not usual for them, once the configuration is known. */
export async function startAnomalyWatch(context: BillingContext, { database, events }: AnomalyWatchParts): Promise<void> {
  const { bus, log, clock, onClose } = context;
  const intervalMs = context.settings.BILLING_ANOMALY_INTERVAL_MS;
  const bucket = await bus.keyValue(buckets.throttles, { history: 1 });
  let organizations: (() => Snapshot['organizations']) | undefined;
  context.configuration().then(
    (store) => (organizations = () => store.current.organizations),
    (error: unknown) => {
      log.warn({ err: error }, 'no configuration; keys are not watched for anomalies');
    },
  );
  const watch = new AnomalyWatch({
    store: new AnomalyStore(database),
    events,
    bucket,
    organizations: () => organizations?.() ?? [],
    metrics: createAnomalyMetrics(context.metrics),
    log,
    clock,
    holder: bus.instance,
    intervalMs,
  });
  const run = async (): Promise<void> => {
    if (organizations !== undefined) await watch.run();
  };
  const stop = startPeriodic({ name: 'anomalies', intervalMs, run }, log);
  onClose('anomaly watch', async () => {
    await stop();
    await watch.close();
  });
}
