/** What other gateways offer, for comparison: one threshold on an hour, and the mean of days with three standard deviations. */
import type { Alert } from './score-alerts.ts';
import type { Span } from './key-rates.ts';
import type { SyntheticKey } from './synthetic-key.ts';

const minutesPerHour = 60;
const minutesPerDay = 1_440;
const daysOfBaseline = 28;
/** After an alert the rule is silent for so long. */
const cooldownMinutes = 60;

/** Cost of the running hour above twice the highest of the five weeks before: a threshold that its owner took care to choose. */
export function fixedThreshold({ costNanoUsd }: SyntheticKey, { historyHours }: Span): Alert[] {
  const first = historyHours * minutesPerHour;
  const alerts: Alert[] = [];
  let sum = 0;
  let highest = 0;
  let silentUntil = 0;
  for (let minute = 0; minute < costNanoUsd.length; minute += 1) {
    sum += (costNanoUsd[minute] ?? 0) - (costNanoUsd[minute - minutesPerHour] ?? 0);
    if (minute < first) highest = Math.max(highest, sum);
    else if (highest > 0 && sum > 2 * highest && minute >= silentUntil) {
      alerts.push({ family: 'usage', minute });
      silentUntil = minute + cooldownMinutes;
    }
  }
  return alerts;
}

/** Cost of the running day above mean and three standard deviations of the four weeks before; once a day, the moment it is reached. */
export function dailyDeviation({ costNanoUsd }: SyntheticKey, { historyHours }: Span): Alert[] {
  const days = Array.from({ length: costNanoUsd.length / minutesPerDay }, (_, day) =>
    costNanoUsd.subarray(day * minutesPerDay, (day + 1) * minutesPerDay).reduce((sum, cost) => sum + cost, 0),
  );
  const alerts: Alert[] = [];
  for (let day = historyHours / 24; day < days.length; day += 1) {
    const before = days.slice(day - daysOfBaseline, day).filter((cost) => cost > 0);
    if (before.length < 2) continue;
    const mean = before.reduce((sum, cost) => sum + cost, 0) / before.length;
    const variance = before.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (before.length - 1);
    let sum = 0;
    for (let minute = day * minutesPerDay; minute < (day + 1) * minutesPerDay; minute += 1) {
      sum += costNanoUsd[minute] ?? 0;
      if (sum <= mean + 3 * Math.sqrt(variance)) continue;
      alerts.push({ family: 'usage', minute });
      break;
    }
  }
  return alerts;
}
