import type { Logger } from 'pino';

export interface PeriodicTask {
  readonly name: string;
  readonly intervalMs: number;
  readonly run: () => Promise<void>;
}

/** Runs a task at an interval, never two of it at a time; a failure is logged and the next time tries again. The returned function ends it after a run under way. */
export function startPeriodic({ name, intervalMs, run }: PeriodicTask, log: Logger): () => Promise<void> {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= run()
      .catch((error: unknown) => {
        log.warn({ err: error, task: name }, 'a periodic task failed; the next time tries again');
      })
      .finally(() => (running = undefined));
  }, intervalMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
