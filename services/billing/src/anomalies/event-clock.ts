/** Newer than this the ledger counts as up to date. */
const currentMs = 120_000;

/** What time it is for the watch. */
export interface EventTime {
  /** Epoch ms up to which minutes are judged. */
  readonly time: number;
  /** False while billing reads a backlog: what is found then is told only if it still lasts at its end. */
  readonly current: boolean;
}

/**
 * Time by the events recorded, so that an hour that is read within a minute is not taken for a burst; by the wall clock where the
 * newest event is fresh, or where nothing has come for a while: a key can be silent, too.
 */
export class EventClock {
  readonly #quietMs: number;
  #newest: number | undefined;
  #changedAt: number | undefined;

  /** @param quietMs without a newer event for this long, the stream counts as read to its end */
  constructor(quietMs: number) {
    this.#quietMs = quietMs;
  }

  /** @param newest epoch ms of the newest event recorded; one ahead of the wall clock counts as now */
  read(newest: number | undefined, now: number): EventTime | undefined {
    if (newest === undefined) return undefined;
    if (newest !== this.#newest) {
      this.#newest = newest;
      this.#changedAt = now;
    }
    const isQuiet = now - (this.#changedAt ?? now) >= this.#quietMs;
    return isQuiet || now - newest < currentMs ? { time: now, current: true } : { time: newest, current: false };
  }
}
