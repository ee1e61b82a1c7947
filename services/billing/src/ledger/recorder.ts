import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError, streams, subjects } from '@sluice/contracts';
import { sqlStateOf } from '@sluice/database';
import type { Logger } from 'pino';
import type { BillingMetrics } from '../billing-metrics.ts';
import type { Ledger, Recorded } from './ledger.ts';
import type { StreamEvent } from './plan-batch.ts';
import type { SweepClock } from './sweep-clock.ts';

/** Name of the durable consumer: replicas of billing share its work. */
export const durableName = 'billing';

export interface RecorderParts {
  readonly ledger: Ledger;
  readonly sweepClock: SweepClock;
  readonly metrics: BillingMetrics;
  readonly log: Logger;
  /** Publishes to the dead letters. */
  readonly publish: (subject: string, data: Uint8Array) => void;
  /** Aborts when the service stops; a batch that waits for Postgres is then given back. */
  readonly signal: AbortSignal;
}

const firstPauseMs = 100;
const longestPauseMs = 5_000;
const deadlockDetected = '40P01';

/**
 * Handler of the durable consumer. While Postgres is away, or took the batch back because it and a sweep or another replica waited for each
 * other, the batch waits here, unacknowledged: thrown back, its events would be delivered again and again until they counted as
 * unprocessable. Only what Postgres refuses is thrown.
 */
export function createRecorder(parts: RecorderParts): (batch: readonly StreamEvent[]) => Promise<void> {
  const { ledger, sweepClock, metrics, log } = parts;
  return async (batch) => {
    sweepClock.delivered();
    metrics.events.inc(batch.length);
    const stopTimer = metrics.batchSeconds.startTimer();
    const recorded = await recordPatiently(ledger, batch, parts);
    stopTimer();
    sweepClock.delivered();
    sweepClock.recorded(recorded.eventTime);
    metrics.rows.inc(recorded.added);
    metrics.late.inc(recorded.late);
    metrics.rejected.inc(recorded.rejected.length);
    for (const { position, subject, reason } of recorded.rejected) {
      log.error({ position, subject, reason }, 'an event of the stream is malformed; it is in the dead letters');
      const message = batch.find(({ sequence }) => sequence === position);
      if (message !== undefined) parts.publish(subjects.deadLetter(streams.usage, durableName), message.data);
    }
    if (recorded.late > 0) log.warn({ late: recorded.late }, 'requests that had their ledger row ended again; see billing.late_settlement');
  };
}

async function recordPatiently(
  ledger: Ledger,
  batch: readonly StreamEvent[],
  { sweepClock, metrics, log, signal }: RecorderParts,
): Promise<Recorded> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ledger.record(batch);
    } catch (thrown) {
      metrics.failures.inc();
      sweepClock.delivered(); // the stream is not read to its end while this batch waits
      const error = SluiceError.from(thrown);
      if (signal.aborted || !isPassing(error)) throw error;
      log.warn({ err: error, size: batch.length, pauseMs }, 'the batch was not recorded; it waits and is recorded again');
      await delay(pauseMs, undefined, { signal });
    }
  }
}

function isPassing(error: SluiceError): boolean {
  return error.code === 'stage_unavailable' || error.code === 'deadline_exceeded' || sqlStateOf(error) === deadlockDetected;
}
