import type { ServiceContext } from '@sluice/runtime';
import { Gauge } from 'prom-client';
import type { Admission } from './admission/admission.ts';

/** What an operator watches of admission; named in docs/operations.md. */
export function registerMetrics(metrics: ServiceContext<object>['metrics'], admission: Admission, unacknowledged: () => number): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [metrics],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('sluice_reservations_open', 'Requests admitted and not settled', () => admission.open);
  gauge('sluice_usage_events_unacknowledged', 'Usage events not yet stored', unacknowledged);
  gauge('sluice_quota_leases', 'Quotas of which this process holds a lease', () => admission.keeper.active);
  gauge('sluice_quota_waiting', 'Requests that wait for quota', () => admission.waiting);
  gauge('sluice_quota_database_away', '1 while quota cannot be leased', () => (admission.keeper.away ? 1 : 0));
}
