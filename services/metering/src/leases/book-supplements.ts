import { setTimeout as delay } from 'node:timers/promises';
import { furtherAmountOf } from '../admission/use.ts';
import { isCalendarSpan, previousStart } from '../limits/limit-definition.ts';
import type { Scope } from '../limits/scope.ts';
import type { Asker } from '../limits/scope-table.ts';
import type { Supplement } from '../read-usage-event.ts';
import { periodOf } from './calendar.ts';
import type { BookedAmount, LeaseStore } from './lease-store.ts';

export interface SupplementParts {
  readonly store: Pick<LeaseStore, 'bookSupplement'>;
  readonly scopesOf: (asker: Asker) => readonly Scope[];
  /** It is counted, and need not be held any more. */
  readonly release: (supplement: Supplement) => void;
  readonly log: { warn(fields: object, message: string): void };
}

const tryAgainMs = 1_000;
/** Ten minutes; then the ledger is ahead of the budget by that call. */
const maxTries = 600;
/** Supplements that wait for the database; a storm of faults makes a few hundred. */
const maxWaiting = 10_000;

/**
 * Counts what calls used of which no settlement told, in the windows of the calendar in which they began; what slides has left its window
 * by then. All replicas hear of such a call, some of them twice; the one whose row is first in the database counts it.
 */
export class SupplementBook {
  readonly #parts: SupplementParts;
  readonly #stopped = new AbortController();
  #waiting = 0;

  constructor(parts: SupplementParts) {
    this.#parts = parts;
  }

  /** Counts it in time, whatever the database does; what was held for it is held until then. */
  async add(supplement: Supplement): Promise<void> {
    const { release, log } = this.#parts;
    if (this.#waiting >= maxWaiting) {
      log.warn({ eventId: supplement.eventId }, 'too many calls wait for the database; this one is not counted in its budgets here');
      return;
    }
    this.#waiting += 1;
    try {
      await this.#bookInTime(supplement);
      release(supplement);
    } catch (error) {
      if (!this.#stopped.signal.aborted) log.warn({ err: error }, 'a call that its request did not know of is not counted in its budgets');
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Counts it now, once for all who ask; throws where the database does not answer. */
  async book(supplement: Supplement): Promise<void> {
    const amounts = this.#amounts(supplement);
    if (amounts.length > 0) await this.#parts.store.bookSupplement(supplement.eventId, amounts);
  }

  close(): void {
    this.#stopped.abort();
  }

  #amounts({ asker, at, use }: Supplement): BookedAmount[] {
    return this.#parts
      .scopesOf(asker)
      .flatMap(({ meters }) => meters)
      .flatMap(({ id, definition }) => {
        const { unit, span, calendar, allowed, carry } = definition;
        const amount = Math.round(furtherAmountOf(unit, use));
        if (amount === 0 || !isCalendarSpan(span)) return [];
        const { start, end } = periodOf(span, calendar, at);
        return [{ meter: id, period: start, amount, ceiling: allowed, ends: end, previous: previousStart(definition, start), carry }];
      });
  }

  async #bookInTime(supplement: Supplement): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.book(supplement);
        return;
      } catch (error) {
        if (tries >= maxTries) throw error;
        await delay(tryAgainMs, undefined, { signal: this.#stopped.signal });
      }
    }
  }
}
