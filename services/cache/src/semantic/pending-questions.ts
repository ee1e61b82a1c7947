import type { IndexedQuestion } from './semantic-index.ts';

/** A question not yet in the index; its vector comes when somebody first needs it, or in the background. */
export interface PendingQuestion extends Omit<IndexedQuestion, 'vector'> {
  readonly hex: string;
  readonly scopeHex: string;
  vector?: Float32Array;
}

/** At most about 2 KB of text and 2 KB of vector each. */
const maxPending = 10_000;

/** Questions on their way into the index, by key and by scope; the oldest is dropped first. */
export class PendingQuestions {
  readonly #byKey = new Map<string, PendingQuestion>();
  readonly #byScope = new Map<string, Set<PendingQuestion>>();

  get size(): number {
    return this.#byKey.size;
  }

  /** Returns how many were dropped to make room. */
  add(pending: PendingQuestion): number {
    this.remove(pending.hex);
    this.#byKey.set(pending.hex, pending);
    const scope = this.#byScope.get(pending.scopeHex);
    if (scope === undefined) this.#byScope.set(pending.scopeHex, new Set([pending]));
    else scope.add(pending);
    const oldest = this.#byKey.size > maxPending ? this.#byKey.keys().next().value : undefined;
    if (oldest === undefined) return 0;
    this.remove(oldest);
    return 1;
  }

  inScope(scopeHex: string): Iterable<PendingQuestion> {
    return this.#byScope.get(scopeHex) ?? [];
  }

  /** Up to `limit`, oldest first. */
  oldest(limit: number): PendingQuestion[] {
    return [...this.#byKey.values().take(limit)];
  }

  remove(hex: string): void {
    const pending = this.#byKey.get(hex);
    if (pending === undefined) return;
    this.#byKey.delete(hex);
    const scope = this.#byScope.get(pending.scopeHex);
    scope?.delete(pending);
    if (scope?.size === 0) this.#byScope.delete(pending.scopeHex);
  }
}
