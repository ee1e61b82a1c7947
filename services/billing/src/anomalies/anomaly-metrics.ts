import { Counter, Gauge, type Registry } from 'prom-client';

/** What an operator sees of the watch. Gauges stand still in processes that do not watch. */
export function createAnomalyMetrics(registry: Registry) {
  const registers = [registry];
  return {
    anomalies: new Counter({
      name: 'sluice_billing_anomalies_total',
      help: 'Breaks of what is usual for a key',
      labelNames: ['metric', 'severity'],
      registers,
    }),
    open: new Gauge({ name: 'sluice_billing_anomalies_open', help: 'Breaks that last', registers }),
    throttles: new Counter({
      name: 'sluice_billing_throttles_total',
      help: 'Throttles written for keys that break their bound',
      registers,
    }),
    behind: new Gauge({ name: 'sluice_billing_anomaly_watch_behind_seconds', help: 'How far the watch is behind the clock', registers }),
  };
}
export type AnomalyMetrics = ReturnType<typeof createAnomalyMetrics>;
