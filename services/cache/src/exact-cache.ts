import type { AnswerMemory } from './answer-memory.ts';
import type { Entry, KeyedEntry } from './entry.ts';
import type { EntryWriter } from './entry-writer.ts';
import type { KeyRegistry } from './key-registry.ts';
import type { Lookup, LookupBatcher } from './lookup-batcher.ts';

export interface ExactCacheParts {
  readonly memory: AnswerMemory;
  readonly registry: KeyRegistry;
  readonly batcher: LookupBatcher;
  readonly writer: EntryWriter;
  readonly clock: () => number;
}

/** Answers by key: this process's memory, then the filter, and only where that says "maybe" Postgres. */
export class ExactCache {
  readonly #parts: ExactCacheParts;

  constructor(parts: ExactCacheParts) {
    this.#parts = parts;
  }

  /** At once where memory or the filter decides. */
  find(key: Buffer, hex: string): Lookup | Promise<Lookup> {
    const { memory, registry, clock } = this.#parts;
    const remembered = memory.get(hex, clock());
    if (remembered !== undefined) return remembered;
    return registry.mayHave(key) ? this.#fetch(key, hex) : 'absent';
  }

  /** Can be found here at once, in Postgres within the writer's delay. */
  store(hex: string, entry: KeyedEntry): void {
    const { head, body, storedAt, expiresAt } = entry;
    this.#parts.memory.set(hex, { head, body, storedAt, expiresAt } satisfies Entry);
    this.#parts.registry.add(entry.key);
    this.#parts.writer.offer(hex, entry);
  }

  async #fetch(key: Buffer, hex: string): Promise<Lookup> {
    const lookup = await this.#parts.batcher.find(key, hex);
    if (typeof lookup !== 'string') this.#parts.memory.set(hex, lookup);
    return lookup;
  }
}
