import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What an operator watches: `rejected`, `late` and `unresolved` should stand still, `open_intents` follow the load. */
export function createBillingMetrics(registry: Registry) {
  const registers = [registry];
  return {
    events: new Counter({ name: 'sluice_billing_events_total', help: 'Events read from the stream, redeliveries included', registers }),
    rows: new Counter({ name: 'sluice_billing_ledger_rows_total', help: 'Requests that got their ledger row', registers }),
    late: new Counter({ name: 'sluice_billing_late_settlements_total', help: 'Ends of requests that had their row already', registers }),
    unresolved: new Counter({
      name: 'sluice_billing_unresolved_total',
      help: 'Intents settled at the reserved amount after their deadline',
      registers,
    }),
    rejected: new Counter({ name: 'sluice_billing_rejected_events_total', help: 'Messages that are no usage event', registers }),
    failures: new Counter({
      name: 'sluice_billing_failed_batches_total',
      help: 'Batches that were not recorded and come again',
      registers,
    }),
    openIntents: new Gauge({ name: 'sluice_billing_open_intents', help: 'Admitted requests without an end, at the last sweep', registers }),
    auditBreaks: new Gauge({ name: 'sluice_billing_audit_breaks', help: 'What the last audit of this process found amiss', registers }),
    auditedAt: new Gauge({
      name: 'sluice_billing_audited_timestamp_seconds',
      help: 'When the last audit of this process ended',
      registers,
    }),
    batchSeconds: new Histogram({
      name: 'sluice_billing_batch_seconds',
      help: 'Time to record one batch',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15],
      registers,
    }),
  };
}
export type BillingMetrics = ReturnType<typeof createBillingMetrics>;
