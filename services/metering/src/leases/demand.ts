/** Renewals without any use after which a quota keeps nothing in reserve. */
const idleRenewals = 2;
/** Share of the last renewals' use that is remembered at each renewal. */
const demandMemory = 0.7;
/** Renewals' worth of use that is leased ahead: one is used up while the next is fetched. */
const renewalsAhead = 2;

/** How much of a limit this process takes between two renewals, lately: so much is leased ahead. */
export class Demand {
  #remembered = 0;
  #idle = 0;
  /** Since the last renewal. */
  taken = 0;

  /** Whether nothing was taken for some renewals. */
  get isIdle(): boolean {
    return this.#idle >= idleRenewals;
  }

  /** What to have in reserve. */
  get target(): number {
    return Math.ceil(Math.max(this.#remembered, this.taken) * renewalsAhead);
  }

  /** At a renewal. */
  observe(): void {
    this.#idle = this.taken === 0 ? this.#idle + 1 : 0;
    this.#remembered = this.isIdle ? 0 : Math.max(this.taken, this.#remembered * demandMemory);
    this.taken = 0;
  }
}
