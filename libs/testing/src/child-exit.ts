import type { ChildProcess } from 'node:child_process';

/**
 * Ends a child: `signal` first, SIGKILL after `budgetMs`. Resolves when the process is gone; a child that has ended already is no error.
 */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM', budgetMs = 5_000): Promise<void> {
  if (hasEnded(child)) return;
  const gone = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), budgetMs);
  await gone;
  clearTimeout(timer);
}

/** Whether the process is gone, or never was. */
export function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
