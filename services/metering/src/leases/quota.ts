import { countsUse, type LimitDefinition, type Unit } from '../limits/limit-definition.ts';
import type { Owner } from '../limits/scope.ts';
import { Demand } from './demand.ts';
import type { LeaseAnswer, LeaseAsk } from './lease-ask.ts';
import { SlidingWindow } from './sliding-window.ts';

/** How many times what is missing is asked for: the first requests of an owner do not each wait. The database gives less near the limit. */
const blockFactor = 4;

const windowMs = { second: 1_000, minute: 60_000 } as const;
/** Share of what is leased ahead below which more is fetched before the next renewal: half of what one takes, which is far more than the way to the database. */
const lowShare = 0.25;

/**
 * This process's lease of one limit in one period, and what was used of it. Three kinds differ in what comes back: what is
 * spent never does, what slides does once it has left the window, what is under way does at its end. As each replica keeps its use
 * within its lease, and leases add up to the limit at most, so does the use of all: at any moment, or in any span of a window.
 */
export class Quota {
  readonly meter: string;
  readonly owner: Owner;
  #definition: LimitDefinition;
  /** Epoch ms of the calendar window; 0 and infinity where there is none. */
  readonly start: number;
  readonly end: number;
  readonly unit: Unit;
  readonly #window: SlidingWindow | undefined;
  readonly #slots: boolean;
  granted = 0;
  /** Settled of a calendar window. */
  used = 0;
  /** Taken by requests under way; of a sliding window it is in the window instead. */
  held = 0;
  /** What requests wait for at this moment, and the least that one of them waits for. */
  waiting = 0;
  leastWaiting = 0;
  /**
   * Near the limit one replica at a time has the turn: it alone gets what is left, and may begin one request on its estimate. So what
   * is used beyond the limit is the estimate error of one request at most.
   */
  turn = false;
  /** Requests under way that hold less than they can use: one at most. */
  overdrawn = 0;
  /** Whether the keeper looks after it. */
  isFollowed = false;
  /**
   * Whether a request holds the most that it can use of it, not what is expected. What is spent must: it never comes back. What
   * slides does not: a key would be refused all day at a fraction of its limit, and an excess leaves the window by itself.
   */
  readonly holdsMost: boolean;
  carried = 0;
  /** As of the last word of the database. */
  othersUsed = 0;
  renewedAt = Number.NEGATIVE_INFINITY;
  /** When what was answered last had been asked: the answer knows nothing of a need that arose since. */
  askedAt = Number.NEGATIVE_INFINITY;
  /** Room below which more is fetched ahead. */
  lowWater = 0;
  #starved = false;
  /** Leased here, and used by calls that are counted in the database apart: it is nobody's until it has gone back. */
  #apart = 0;
  /** What of it the ask under way gives back. */
  #apartGiven = 0;
  readonly #demand = new Demand();
  #toldUsed = 0;
  /** Whether an answer of the database was lost: what it says of this lease is not known. */
  #unheard = false;
  #closed = 0;

  constructor(meter: string, owner: Owner, definition: LimitDefinition, start: number, end: number) {
    this.meter = meter;
    this.owner = owner;
    this.start = start;
    this.end = end;
    this.unit = definition.unit;
    const { span } = definition;
    this.#slots = span === 'now';
    this.#window = span === 'second' || span === 'minute' ? new SlidingWindow(windowMs[span]) : undefined;
    this.#definition = definition;
    this.holdsMost = countsUse(definition) && this.#window === undefined;
  }

  get definition(): LimitDefinition {
    return this.#definition;
  }

  /** Takes over a new amount of the same limit. */
  redefine(definition: LimitDefinition): void {
    this.#definition = definition;
  }

  /** Whether a request may begin here though less is left than it can use. */
  get mayOverdraw(): boolean {
    return this.turn && this.holdsMost && this.overdrawn === 0;
  }

  /** Whether another replica went short of it a moment ago. */
  get isWanted(): boolean {
    return this.#starved;
  }

  get allowed(): number {
    return this.#definition.allowed + this.carried;
  }

  /** What is left of the lease. */
  room(now: number): number {
    return this.granted - this.#total(now);
  }

  #total(now: number): number {
    return this.#window === undefined ? this.used + this.held + this.#apart : this.#window.total(now);
  }

  take(now: number, amount: number): void {
    if (this.#window === undefined) this.held += amount;
    else this.#window.add(now, amount);
    this.#demand.taken += amount;
  }

  /** Puts what was really used in the place of what was taken. */
  settle(now: number, takenAt: number, taken: number, actual: number): void {
    if (this.#slots) {
      this.held -= taken;
    } else if (this.#window === undefined) {
      this.held -= taken;
      this.used += actual;
    } else if (actual < taken) this.#window.giveBack(now, takenAt, taken - actual);
    else this.#window.add(now, actual - taken);
  }

  /** Takes what was held for a use that the database counts in no lease. */
  payApart(amount: number): void {
    this.held -= amount;
    this.#apart += Math.round(amount);
  }

  /** What counts as used for good: of a calendar window what is settled, else what is in the window or under way. */
  ownUsed(now: number): number {
    if (this.#slots) return this.held;
    return this.#window === undefined ? this.used : this.#window.total(now);
  }

  /** Held by requests under way, where that is known apart. */
  get reserved(): number {
    return this.#window === undefined && !this.#slots ? this.held : 0;
  }

  /** Of the whole limit, over all replicas as far as known. */
  left(now: number): number {
    return Math.max(0, this.allowed - this.othersUsed - this.ownUsed(now) - this.reserved);
  }

  /** Whether `amount` may yet be had, if what others hold unused or have under way comes back. */
  mayFit(now: number, amount: number): boolean {
    return this.#definition.soft || this.othersUsed + this.ownUsed(now) + amount <= this.allowed;
  }

  /** Milliseconds until there is room for `amount` again, if nothing else is used. */
  msUntil(now: number, amount: number): number {
    if (this.#slots) return 1_000;
    if (this.#window === undefined) return Math.max(1, this.end - now);
    return this.#window.msUntil(now, Math.max(0, Math.min(this.granted, this.allowed) - amount));
  }

  /** Milliseconds until all of it is free again. */
  resetMs(now: number): number {
    if (this.#slots) return 0;
    return this.#window === undefined ? Math.max(0, this.end - now) : this.#window.msUntil(now, 0);
  }

  /** What to ask for now; lowers the lease by what it gives away, which may not be used from here on. */
  ask(now: number, renewal: boolean): LeaseAsk {
    if (renewal) this.#demand.observe();
    const room = this.room(now);
    const target = Math.min(this.#demand.target, this.allowed);
    const isShort = this.waiting > 0 && room < this.leastWaiting;
    const apart = this.#giveApart();
    const give = apart + Math.max(0, Math.min(this.#spare(now, room, target, isShort), this.granted - apart));
    this.granted -= give;
    const need = Math.max(0, Math.ceil(this.waiting - room + give - apart));
    const used = Math.max(0, Math.round(this.ownUsed(now)));
    const close = this.#closable(now, renewal) && need === 0;
    const want = give > apart || this.#starved || close ? need : Math.max(need * blockFactor, Math.ceil(target - room));
    this.lowWater = target * lowShare;
    this.#toldUsed = used;
    const least = isShort ? Math.ceil(this.leastWaiting) : 0;
    // Until the answer says so, nobody begins on it: it may be another's by then.
    this.turn = this.overdrawn > 0;
    return { need, want: Math.max(0, want), give, used, close, closed: this.#closed, least, turn: this.turn };
  }

  /** Whether what was used of a calendar window is not told yet. */
  get isUntold(): boolean {
    return this.#window === undefined && !this.#slots && (this.#unheard || Math.round(this.used) !== this.#toldUsed);
  }

  /** Tells what was used, and asks for nothing. */
  tell(): LeaseAsk {
    this.#toldUsed = Math.max(0, Math.round(this.used));
    return { need: 0, want: 0, give: 0, used: this.#toldUsed, close: false, closed: this.#closed, least: 0, turn: this.turn };
  }

  /** What of the lease goes back. */
  #spare(now: number, room: number, target: number, isShort: boolean): number {
    // Too little for anybody here: whoever has the turn gets it.
    if (isShort) return Math.floor(room);
    // A limit that was lowered leaves no more than itself.
    const allowed = this.#definition.soft ? room : Math.max(0, this.allowed - this.#total(now));
    const spare = Math.floor(room - Math.min(allowed, this.waiting > 0 ? room : this.#starved ? 0 : target));
    // Half as much again is kept before anything goes back, so that leases do not swing.
    return this.#starved || this.#demand.isIdle || spare > target / 2 || room > allowed ? spare : 0;
  }

  /** What was counted apart goes back, as far as it is certain that the lease in the database has it. */
  #giveApart(): number {
    const apart = Math.min(this.#apart, Math.max(0, Math.floor(this.granted - this.used - this.held)));
    this.#apart -= apart;
    this.#apartGiven = apart;
    return apart;
  }

  /** Whether anything of it is to be told or given back. */
  isActive(now: number): boolean {
    if (this.granted !== 0 || this.held !== 0 || this.waiting > 0 || this.turn || this.#unheard || this.#apart > 0) return true;
    return this.#toldUsed !== Math.round(this.ownUsed(now)) || this.#demand.taken > 0;
  }

  /** @param askedAt when that was asked of which this is the answer */
  renew(now: number, answer: LeaseAnswer, told: LeaseAsk, askedAt: number): void {
    this.#unheard = false;
    this.#apartGiven = 0;
    this.#closed = 0;
    if (told.close) {
      // The lease is gone from the database; what was used of it stays booked there.
      this.granted = 0;
      this.#apart = 0;
      this.othersUsed = answer.totalUsed;
      this.used -= told.used;
      this.#toldUsed = 0;
    } else {
      this.granted = answer.granted;
      this.othersUsed = Math.max(0, answer.totalUsed - told.used);
    }
    this.carried = answer.carried;
    this.turn = answer.turn;
    this.renewedAt = now;
    this.askedAt = askedAt;
    this.#starved = answer.starved;
  }

  /** The answer to an ask did not come; it may have been done or not. */
  missAnswer({ close, used }: LeaseAsk): void {
    this.#unheard = true;
    // Given or not: nobody uses it until an answer says what is leased here.
    this.#apart += this.#apartGiven;
    this.#apartGiven = 0;
    // A later close was done, if at all, after all earlier ones.
    if (close) this.#closed = used;
  }

  /** Forgets a lease that was given up as lost; what it held is read from the events. */
  lose(): void {
    this.granted = 0;
    this.held = 0;
    this.#apart = 0;
    this.#apartGiven = 0;
    this.turn = false;
    this.overdrawn = 0;
    this.othersUsed += this.used;
    this.used = 0;
    this.#closed = 0;
    this.#toldUsed = 0;
  }

  #closable(now: number, renewal: boolean): boolean {
    if (!renewal || this.waiting > 0 || this.held !== 0) return false;
    if (this.#window !== undefined && this.#window.total(now) !== 0) return false;
    return this.#demand.isIdle || now >= this.end;
  }
}
