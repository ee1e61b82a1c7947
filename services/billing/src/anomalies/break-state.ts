import { minutesPerHour, windowMinutes } from './key-minute.ts';

/** A break ends after so many minutes in which nothing exceeds its bound. */
const quietMinutes = 30;
/** Windows up to this long keep a break open, and those up to the one that opened it: a longer one still holds the burst when it is over. */
const shortWindow = 15;
/** Breaks that follow within a day are one change. It is the new usual once it began a day ago and was on for a working day. */
const chainMinutes = 1_440;
const adoptedAfterMinutes = { since: 1_440, on: 480 };

/** What an hour is to the learning of one family. Of a break only the first hour enters the tail: where breaks are the usual thing, the bound grows past them. */
export type HourKind = 'no' | 'first' | 'later' | 'adopted';

interface OpenBreak {
  readonly openedAt: number;
  readonly window: number;
  lastBreak: number;
}

/** One family's break of a key: opened once, kept open while it lasts, ended once. Times are minutes since 1970. */
export class BreakState {
  #open: OpenBreak | undefined;
  #endedAt = -Infinity;
  #brokenUntil = -Infinity;
  #held = -Infinity;
  #chain = { startedAt: -Infinity, minutes: 0 };

  get openedAt(): number | undefined {
    return this.#open?.openedAt;
  }

  /** Newest minute of the open break in which a bound was exceeded. */
  get lastBreak(): number | undefined {
    return this.#open?.lastBreak;
  }

  /** Whether a window that ends now may open a break: none that still holds the break before. */
  admits(minute: number, window: number): boolean {
    return this.#open !== undefined || minute - (windowMinutes[window] ?? 0) >= this.#endedAt;
  }

  /** A window exceeds its bound; returns whether that opens a break. */
  broken(minute: number, window: number): boolean {
    if (this.#open === undefined) {
      if (minute - this.#endedAt > chainMinutes) this.#chain = { startedAt: minute, minutes: 0 };
      this.#open = { openedAt: minute, window, lastBreak: minute };
      return true;
    }
    const lengthLimit = Math.max(shortWindow, windowMinutes[this.#open.window] ?? 0);
    if ((windowMinutes[window] ?? 0) <= lengthLimit) this.#open.lastBreak = Math.max(this.#open.lastBreak, minute);
    return false;
  }

  /** The key is slowed until then: that nothing exceeds its bound says nothing, and the break stays open. */
  hold(untilMinute: number): void {
    this.#held = untilMinute;
  }

  /** Whether the break ends with this minute; never before it was quiet for {@link quietMinutes}. */
  settle(minute: number): boolean {
    if (this.#open === undefined || minute - Math.max(this.#open.lastBreak, this.#held) < quietMinutes) return false;
    this.#brokenUntil = Math.max(this.#open.lastBreak, this.#held);
    this.#endedAt = minute;
    this.#chain.minutes += this.#brokenUntil - this.#open.openedAt;
    this.#open = undefined;
    return true;
  }

  /** Takes over a break that another process opened. */
  restore(openedAt: number, window: number, minute: number): void {
    this.#open = { openedAt, window, lastBreak: minute };
    this.#chain = { startedAt: openedAt, minutes: 0 };
  }

  /** What an hour (since 1970) is to learning: part of a break, or not. */
  kindOf(hour: number): HourKind {
    const first = hour * minutesPerHour;
    const last = first + minutesPerHour - 1;
    const openedAt = this.#open?.openedAt ?? Infinity;
    if (openedAt > last) return this.#brokenUntil >= first ? 'later' : 'no';
    const { since, on } = adoptedAfterMinutes;
    if (first - this.#chain.startedAt >= since && this.#chain.minutes + Math.max(0, first - openedAt) >= on) return 'adopted';
    return openedAt >= first ? 'first' : 'later';
  }

  /** Whether a window of so many minutes that ends in that hour still holds the break that ended last. */
  taints(hour: number, length: number): boolean {
    return hour * minutesPerHour - length < this.#brokenUntil;
  }
}
