/** Requests cancelled lately; a later stage that had not received one yet must not begin it. */
const limit = 10_000;

export class CancelledRequests {
  #newer = new Set<string>();
  #older = new Set<string>();

  add(requestId: string): void {
    this.#newer.add(requestId);
    if (this.#newer.size < limit) return;
    this.#older = this.#newer;
    this.#newer = new Set();
  }

  has(requestId: string): boolean {
    return this.#newer.has(requestId) || this.#older.has(requestId);
  }
}
