import type { EventPublisher } from '@sluice/bus';
import { auditEventTypes, subjects } from '@sluice/contracts';
import type { Anomaly } from './anomaly-rows.ts';
import { minuteMs } from './key-minute.ts';

/** From so many times the usual a break is critical; errors and refusals from half of the requests. */
const criticalFactor = 10;

/** How many times the usual was observed; where nothing is usual, that of one token, request or nano-USD. */
function factorOf({ observed, expected }: Pick<Anomaly, 'observed' | 'expected'>): number {
  return observed / Math.max(expected, 1);
}

export function severityOf(anomaly: Pick<Anomaly, 'family' | 'observed' | 'expected'>): 'warning' | 'critical' {
  return anomaly.family === 'silence' || factorOf(anomaly) < criticalFactor ? 'warning' : 'critical';
}

/** Publishes the beginning or the end of a break. The id is that of the break, so the stream drops a repeat. */
export function tellOf(anomaly: Anomaly, events: Pick<EventPublisher, 'publish'>): void {
  const { id, keyId, organization, team, family, metric, windowMinutes, observed, expected, begunMinute, endedMinute, told } = anomaly;
  const outcome = told === 0 ? 'begun' : 'ended';
  const isCost = metric === 'cost';
  const ended = told === 0 || endedMinute === undefined ? {} : { until: new Date(endedMinute * minuteMs).toISOString() };
  events.publish(subjects.audit(organization), {
    id: `anomaly:${id}:${outcome}`,
    type: auditEventTypes.anomaly,
    subject: `${organization}/${team}/${keyId}`,
    data: {
      organization,
      team,
      keyId,
      actor: 'billing',
      action: `anomaly.${family}`,
      outcome,
      detail: {
        metric,
        unit: isCost ? 'nano-USD' : metric === 'tokens' ? 'tokens' : 'requests',
        windowMinutes,
        observed: Math.round(observed),
        expected: Math.round(expected),
        factor: Number(factorOf(anomaly).toPrecision(3)),
        severity: severityOf(anomaly),
        since: new Date((begunMinute - windowMinutes + 1) * minuteMs).toISOString(),
        ...ended,
      },
    },
  });
}
