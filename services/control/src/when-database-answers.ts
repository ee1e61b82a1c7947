import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { isUnreachable } from '@sluice/database';
import type { Logger } from 'pino';

const firstDelayMs = 250;
const longestDelayMs = 5_000;

/**
 * Repeats a task for as long as Postgres is out of reach or too slow, with growing pauses and a log line for each; any other failure
 * is thrown at once. Ends only with success or the signal: without Postgres control has nothing to serve.
 */
export async function whenDatabaseAnswers<Result>(task: () => Promise<Result>, log: Logger, signal: AbortSignal): Promise<Result> {
  for (let pauseMs = firstDelayMs; ; pauseMs = Math.min(pauseMs * 2, longestDelayMs)) {
    try {
      return await task();
    } catch (error) {
      if (!isPassing(error)) throw error;
      log.warn({ err: error, retryInMs: pauseMs }, 'Postgres does not answer; control waits for it');
      await delay(pauseMs, undefined, { signal });
    }
  }
}

function isPassing(error: unknown): boolean {
  return isUnreachable(error) || (error instanceof SluiceError && error.code === 'deadline_exceeded');
}
