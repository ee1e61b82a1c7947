import type { Logger } from 'pino';
import type { BillingMetrics } from '../billing-metrics.ts';
import type { Ledger } from './ledger.ts';
import type { SweepClock } from './sweep-clock.ts';

export interface SweeperParts {
  readonly ledger: Ledger;
  readonly sweepClock: SweepClock;
  readonly metrics: BillingMetrics;
  readonly log: Logger;
  readonly intervalMs: number;
}

/** Settles intents whose holder died, at an interval; the returned function ends it after a sweep under way. */
export function startSweeper({ ledger, sweepClock, metrics, log, intervalMs }: SweeperParts): () => Promise<void> {
  let running: Promise<void> | undefined;
  const sweep = async (): Promise<void> => {
    try {
      const { cutoff } = sweepClock;
      if (cutoff !== undefined) {
        const added = await ledger.sweep(cutoff);
        metrics.unresolved.inc(added);
        if (added > 0)
          log.warn({ requests: added }, 'requests were never settled; the ledger has them as unresolved, at the reserved amount');
      }
      metrics.openIntents.set(await ledger.countOpenIntents());
    } catch (error) {
      log.warn({ err: error }, 'sweep failed; the next one tries again');
    }
  };
  const timer = setInterval(() => {
    // One at a time: while Postgres is slow, sweeps must not pile up in the pool.
    running ??= sweep().finally(() => (running = undefined));
  }, intervalMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
