import { minutesPerHour } from '../key-minute.ts';
import type { BreakBegun } from '../key-news.ts';
import { KeyWatch } from '../key-watch.ts';
import type { Sensitivity } from '../sensitivity.ts';
import type { Span } from './key-rates.ts';
import type { SyntheticKey } from './synthetic-key.ts';

/** Minutes after the end of an hour at which it is learned, as in the service. */
const closingMinutes = 10;

/** What the product's detector says of a key over all of its minutes, in event time. */
export function runKey(key: SyntheticKey, { firstHour, hours }: Span, sensitivity: Sensitivity): BreakBegun[] {
  const watch = new KeyWatch(sensitivity);
  const alerts: BreakBegun[] = [];
  const first = firstHour * minutesPerHour;
  let known = false;
  for (let index = 0; index < hours * minutesPerHour; index += 1) {
    const minute = first + index;
    const requests = key.requests[index] ?? 0;
    if (requests > 0) {
      known = true;
      const sums = {
        requests,
        tokens: key.tokens[index] ?? 0,
        costNanoUsd: key.costNanoUsd[index] ?? 0,
        errors: key.errors[index] ?? 0,
        refusals: key.refusals[index] ?? 0,
      };
      watch.put(minute, sums);
      for (const news of watch.look(minute)) if (news.kind === 'begun') alerts.push({ ...news, minute: index });
    }
    if (watch.isBroken) watch.settle(minute);
    if (known && minute % minutesPerHour === closingMinutes - 1) watch.learn(watch.factsOf(Math.floor(minute / minutesPerHour) - 1));
  }
  return alerts;
}
