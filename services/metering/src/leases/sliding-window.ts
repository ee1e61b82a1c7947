/** Slots that a window is divided in; the grain at which old use is forgotten. */
const slots = 60;

/**
 * Sum of what was used within the last `windowMs`, kept in 60 slots: exact to one slot, constant memory, no timer.
 * Unlike a fixed window it lets no double burst through at a border.
 */
export class SlidingWindow {
  readonly #windowMs: number;
  readonly #slotMs: number;
  readonly #used = new Float64Array(slots);
  #total = 0;
  /** Number of the newest slot since the epoch. */
  #newest = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#slotMs = windowMs / slots;
  }

  total(now: number): number {
    this.#advance(now);
    return this.#total;
  }

  add(now: number, amount: number): void {
    this.#advance(now);
    const index = this.#newest % slots;
    this.#used[index] = (this.#used[index] ?? 0) + amount;
    this.#total += amount;
  }

  /** Takes back part of what was added at `addedAt`; what the window has forgotten since cannot be given back. */
  giveBack(now: number, addedAt: number, amount: number): void {
    this.#advance(now);
    const slot = Math.floor(addedAt / this.#slotMs);
    if (slot <= this.#newest - slots) return;
    const index = Math.min(slot, this.#newest) % slots;
    this.#used[index] = (this.#used[index] ?? 0) - amount;
    this.#total -= amount;
  }

  /** Milliseconds until the sum has fallen to `target` if nothing is added. */
  msUntil(now: number, target: number): number {
    this.#advance(now);
    let left = this.#total;
    for (let age = slots - 1; age >= 0 && left > target; age -= 1) {
      left -= this.#used[(this.#newest - age + slots * 2) % slots] ?? 0;
      if (left <= target) return Math.max(1, (this.#newest - age + slots) * this.#slotMs - now);
    }
    return left > target ? this.#windowMs : 0;
  }

  #advance(now: number): void {
    const slot = Math.floor(now / this.#slotMs);
    if (slot <= this.#newest) return;
    const passed = Math.min(slots, slot - this.#newest);
    for (let step = 1; step <= passed; step += 1) {
      const index = (slot - passed + step) % slots;
      this.#total -= this.#used[index] ?? 0;
      this.#used[index] = 0;
    }
    this.#newest = slot;
    if (passed === slots) this.#total = 0; // sheds what rounding left behind
  }
}
