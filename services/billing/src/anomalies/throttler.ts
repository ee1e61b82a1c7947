import type { KeyValue } from '@sluice/bus';
import type { AnomaliesConfig, Throttle } from '@sluice/contracts';
import type { Anomaly } from './anomaly-rows.ts';
import type { AnomalyStore } from './anomaly-store.ts';
import { minuteMs } from './key-minute.ts';
import type { WatchedKeys } from './watched-keys.ts';

/** A break is still on where a bound was exceeded so lately. */
const freshMinutes = 2;
/** What the bucket takes as a key, and its watchers follow: one token. */
const bucketKey = /^[-/_=a-zA-Z0-9]{1,256}$/;
const encoder = new TextEncoder();

export interface ThrottlerParts {
  readonly bucket: Pick<KeyValue, 'put'>;
  readonly store: Pick<AnomalyStore, 'open' | 'markThrottled'>;
  readonly keys: Pick<WatchedKeys, 'find'>;
  readonly throttleOf: (organization: string) => AnomaliesConfig['throttle'];
}

/** Slows keys whose use breaks its bound, where the organisation asks for it. */
export class Throttler {
  readonly #parts: ThrottlerParts;

  constructor(parts: ThrottlerParts) {
    this.#parts = parts;
  }

  /** Writes throttles of new breaks, and those anew that are half over while the break lasts; returns how many. */
  async run(now: number): Promise<number> {
    const { store, throttleOf } = this.#parts;
    const open = (await store.open()).filter(({ family, organization }) => family === 'usage' && throttleOf(organization) !== undefined);
    let written = 0;
    for (const anomaly of open) if (await this.#throttle(anomaly, now)) written += 1;
    return written;
  }

  async #throttle(anomaly: Anomaly, now: number): Promise<boolean> {
    const { bucket, store, keys, throttleOf } = this.#parts;
    const { id, keyId, organization, throttledUntil, metric } = anomaly;
    const settings = throttleOf(organization);
    const watch = keys.find(keyId);
    const brokenAt = watch?.usageBrokenAt;
    if (settings === undefined || watch === undefined || brokenAt === undefined || !bucketKey.test(keyId)) return false;
    const minute = Math.floor(now / minuteMs);
    const lengthMs = settings.minutes * minuteMs;
    if (minute - brokenAt > freshMinutes || (throttledUntil !== undefined && throttledUntil - now > lengthMs / 2)) return false;
    const throttle: Throttle = {
      requestsPerMinute: Math.max(settings.floor, Math.ceil(settings.factor * watch.usualRequestsPerMinute(minute))),
      until: now + lengthMs,
      reason: `${metric} of this key are far above what is usual for it at this hour`,
    };
    await bucket.put(keyId, encoder.encode(JSON.stringify(throttle)));
    await store.markThrottled(id, throttle.until);
    watch.hold(Math.ceil(throttle.until / minuteMs));
    return true;
  }
}
