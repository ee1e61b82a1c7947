import type { Logger } from 'pino';

export interface PeriodicTask {
  readonly name: string;
  readonly intervalMs: number;
  /** Ends early once the signal aborts: whole, or by throwing where what it did so far stands or is done again. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Runs a task at an interval, never two of it at a time; a failure is logged and the next time tries again. The returned function ends it after a run under way. */
export function startPeriodic({ name, intervalMs, run }: PeriodicTask, log: Logger): () => Promise<void> {
  let running: Promise<void> | undefined;
  const stopping = new AbortController();
  const timer = setInterval(() => {
    running ??= run(stopping.signal)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.warn({ err: error, task: name }, 'a periodic task failed; the next time tries again');
      })
      .finally(() => (running = undefined));
  }, intervalMs);
  return async () => {
    clearInterval(timer);
    stopping.abort();
    await running;
  };
}
