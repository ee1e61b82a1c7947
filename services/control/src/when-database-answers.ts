import { setTimeout as delay } from 'node:timers/promises';
import { SluiceError } from '@sluice/contracts';
import { sqlStateOf } from '@sluice/database';
import type { Logger } from 'pino';

const firstDelayMs = 250;
const longestDelayMs = 5_000;

/**
 * Repeats a task for as long as Postgres is out of reach, with growing pauses and a log line for each; any other failure
 * is thrown at once. Ends only with success or the signal: without Postgres control has nothing to serve.
 */
export async function whenDatabaseAnswers<Result>(task: () => Promise<Result>, log: Logger, signal: AbortSignal): Promise<Result> {
  for (let pauseMs = firstDelayMs; ; pauseMs = Math.min(pauseMs * 2, longestDelayMs)) {
    try {
      return await task();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      log.warn({ err: error, retryInMs: pauseMs }, 'Postgres does not answer; control waits for it');
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/** Waiting helps where nobody answers or the server is starting (SQLSTATE classes 08, 57P, 53300); a wrong password stays wrong. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof SluiceError) || error.code !== 'stage_unavailable') return false;
  const state = sqlStateOf(error);
  return state === undefined || /^(08...|57P0[1-5]|53300)$/.test(state);
}
