import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@sluice/database';
import type { Supplement } from '../read-usage-event.ts';

export interface SupplementParts {
  readonly database: Pick<Database, 'query'>;
  /** Books what was used in this process; false where no limit binds it. */
  readonly binds: (supplement: Supplement) => boolean;
  readonly book: (supplement: Supplement) => void;
  readonly log: { warn(fields: object, message: string): void };
}

const tryAgainMs = 1_000;
/** About a minute; then the budget stays ahead of the ledger by that call. */
const maxTries = 60;
/** Supplements that wait for the database; a storm of faults makes a few hundred. */
const maxWaiting = 10_000;

/**
 * Counts what calls used of which no settlement told. All replicas hear of such a call, some of them twice; the one whose
 * row is first in the database counts it.
 */
export class SupplementBook {
  readonly #parts: SupplementParts;
  readonly #stopped = new AbortController();
  #waiting = 0;

  constructor(parts: SupplementParts) {
    this.#parts = parts;
  }

  async add(supplement: Supplement): Promise<void> {
    const { binds, book, log } = this.#parts;
    if (!binds(supplement) || this.#waiting >= maxWaiting) return;
    this.#waiting += 1;
    try {
      if (await this.#claim(supplement.eventId)) book(supplement);
    } catch (error) {
      if (!this.#stopped.signal.aborted) log.warn({ err: error }, 'a call that its request did not know of is not counted in its budgets');
    } finally {
      this.#waiting -= 1;
    }
  }

  close(): void {
    this.#stopped.abort();
  }

  async #claim(eventId: string): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      try {
        const rows = await this.#parts.database.query(
          'INSERT INTO metering.supplement (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING event_id',
          [eventId],
        );
        return rows.length > 0;
      } catch (error) {
        if (tries >= maxTries) throw error;
        await delay(tryAgainMs, undefined, { signal: this.#stopped.signal });
      }
    }
  }
}
