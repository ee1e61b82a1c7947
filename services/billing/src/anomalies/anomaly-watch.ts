import type { EventPublisher, KeyValue } from '@sluice/bus';
import { anomaliesSchema, streams, type AnomaliesConfig, type Snapshot } from '@sluice/contracts';
import type { Logger } from 'pino';
import { severityOf, tellOf } from './anomaly-alert.ts';
import type { AnomalyMetrics } from './anomaly-metrics.ts';
import type { AnomalyStore, Findings } from './anomaly-store.ts';
import { EventClock } from './event-clock.ts';
import { minuteMs, minutesPerHour } from './key-minute.ts';
import { sensitivityOf, type Sensitivity } from './sensitivity.ts';
import { Throttler } from './throttler.ts';
import { rememberedHours, WatchedKeys } from './watched-keys.ts';

export interface AnomalyWatchParts {
  readonly store: AnomalyStore;
  readonly events: Pick<EventPublisher, 'publish' | 'flush' | 'unacknowledged'>;
  readonly bucket: Pick<KeyValue, 'put'>;
  /** Organisations as they are configured now. */
  readonly organizations: () => Snapshot['organizations'];
  readonly metrics: AnomalyMetrics;
  readonly log: Pick<Logger, 'warn'>;
  readonly clock: () => number;
  /** Id of this process. */
  readonly holder: string;
  /** Between two rounds. */
  readonly intervalMs: number;
}

/** A process that does not come round for so many intervals is taken for dead. */
const leaseIntervals = 6;
const shortestLeaseMs = 10_000;
/** Minutes read again in each round for events that come late; the longer one once a minute. */
const lookBack = { each: 3, once: 15 };
/** Minutes gone through at once after a stand-still, and such steps in one round. */
const stepMinutes = 60;
const maxSteps = 24;
/** Minutes kept: a restored process needs the longest window, and a backlog is read from where the watch stopped. */
const keptMinutes = 2 * 1_440;
/** Rows of each table that are removed in a minute: those of so many keys in use. */
const maxPruned = 50_000;
/** A break that ended longer ago is told only if its beginning was. */
const staleMinutes = 10;
const flushMs = 5_000;
/** Without a newer event for so long the stream counts as read. */
const quietMs = 60_000;
const defaults = anomaliesSchema.parse({});

/**
 * Watches the minutes of all keys for what is not usual for them. One process of all does, the others stand by. What it finds is in the database
 * before it is told, and what it holds in memory can be built again from there.
 */
export class AnomalyWatch {
  readonly #parts: AnomalyWatchParts;
  readonly #clock = new EventClock(quietMs);
  readonly #sensitivities = new Map<AnomaliesConfig, Sensitivity>();
  #keys: WatchedKeys | undefined;
  /** Last minute gone through; it is gone through again, since it grows. */
  #minute = 0;

  constructor(parts: AnomalyWatchParts) {
    this.#parts = parts;
  }

  /** One round: reads what is new, judges it, tells of it. */
  async run(): Promise<void> {
    const { store, clock, metrics } = this.#parts;
    const lease = await this.#takeLease();
    if (lease === undefined) {
      this.#forget();
      return;
    }
    const now = clock();
    const time = this.#clock.read(await store.newestEvent(streams.usage), now);
    if (time === undefined) return;
    const last = Math.floor(time.time / minuteMs);
    try {
      const isThere = await this.#advance(lease.minute, last);
      metrics.behind.set(Math.max(0, now / minuteMs - this.#minute - 1) * 60);
      if (!isThere || !time.current) return;
      await this.#throttle(now);
      await this.#tell();
    } catch (error) {
      this.#forget(); // memory may be ahead of the database
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#parts.store.giveLease(this.#parts.holder);
  }

  #takeLease(): ReturnType<AnomalyStore['takeLease']> {
    const { store, holder, intervalMs } = this.#parts;
    return store.takeLease(holder, Math.max(shortestLeaseMs, leaseIntervals * intervalMs));
  }

  async #keepLease(): Promise<void> {
    if ((await this.#takeLease()) === undefined) throw new Error('another process watches keys for anomalies now');
  }

  #forget(): void {
    this.#keys = undefined;
  }

  /** Goes through what is new in steps; returns whether that was all. */
  async #advance(savedMinute: number | undefined, last: number): Promise<boolean> {
    const { store, metrics, log } = this.#parts;
    if (this.#keys === undefined) {
      this.#keys = new WatchedKeys({
        store,
        sensitivityOf: (organization) => this.#sensitivityOf(organization),
        keepLease: () => this.#keepLease(),
      });
      this.#minute = Math.max(savedMinute ?? last, last - keptMinutes);
      metrics.open.set((await store.open()).length);
    }
    for (let step = 0; step < maxSteps; step += 1) {
      const from = this.#minute;
      const to = Math.max(from, Math.min(last, from + stepMinutes));
      const back = to > from ? lookBack.once : lookBack.each;
      const findings = await this.#keys.advance(await store.minutes(from - back, to), from, to);
      await store.save(findings, Math.floor(this.#parts.clock() / minuteMs) - staleMinutes);
      this.#minute = to;
      await this.#afterStep(findings);
      // Each minute, and not each hour: a thousand busy keys make more rows in an hour than one statement removes.
      if (to > from) await store.prune(to - keptMinutes, Math.floor(to / minutesPerHour) - rememberedHours, maxPruned);
      if (this.#keys.leftOut > 0) log.warn({ keys: this.#keys.leftOut }, 'too many keys are in use for all to be watched for anomalies');
      if (to >= last) return true;
    }
    return false;
  }

  async #afterStep({ begun, ended }: Findings): Promise<void> {
    const { store, metrics } = this.#parts;
    for (const { news } of begun) metrics.anomalies.inc({ metric: news.metric, severity: severityOf(news) });
    if (begun.length + ended.length > 0) metrics.open.set((await store.open()).length);
  }

  async #throttle(now: number): Promise<void> {
    const { store, bucket, metrics } = this.#parts;
    if (this.#keys === undefined || !this.#parts.organizations().some(({ anomalies }) => anomalies?.throttle !== undefined)) return;
    const throttleOf = (organization: string) => this.#configOf(organization).throttle;
    metrics.throttles.inc(await new Throttler({ bucket, store, keys: this.#keys, throttleOf }).run(now));
  }

  /** At least once: marked as told when the stream has it. While events wait for NATS nothing is added to them. */
  async #tell(): Promise<void> {
    const { store, events } = this.#parts;
    if (events.unacknowledged > 0) return;
    const untold = await store.untold();
    if (untold.length === 0) return;
    for (const anomaly of untold) tellOf(anomaly, events);
    await events.flush(flushMs);
    const idsOf = (told: number): string[] => untold.filter((anomaly) => anomaly.told === told).map(({ id }) => id);
    await store.markTold(idsOf(0), 1);
    await store.markTold(idsOf(1), 2);
  }

  #configOf(organization: string): AnomaliesConfig {
    return this.#parts.organizations().find(({ name }) => name === organization)?.anomalies ?? defaults;
  }

  #sensitivityOf(organization: string): Sensitivity | undefined {
    const config = this.#configOf(organization);
    if (!config.enabled) return undefined;
    const known = this.#sensitivities.get(config);
    if (known !== undefined) return known;
    const made = sensitivityOf(config);
    if (this.#sensitivities.size > this.#parts.organizations().length + 1) this.#sensitivities.clear(); // configurations of before
    this.#sensitivities.set(config, made);
    return made;
  }
}
