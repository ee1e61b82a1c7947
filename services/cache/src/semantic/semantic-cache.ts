import { z } from 'zod';
import type { KeyRegistry } from '../key-registry.ts';
import type { CacheMetrics } from '../metrics.ts';
import { wordsOf, type Words } from '../veto/words.ts';
import { isForeign } from '../veto/language.ts';
import type { AcceptanceRule } from './acceptance.ts';
import type { Embedder } from './embedder.ts';
import { PendingQuestions, type PendingQuestion } from './pending-questions.ts';
import { QuestionMemory } from './question-memory.ts';
import { RateGuard } from './rate-guard.ts';
import type { IndexedQuestion, Neighbour, SemanticIndex } from './semantic-index.ts';

/** Travels with a miss to ingress and back with its answer, since any replica may store it. */
export const semanticTicketSchema = z.object({ scope: z.string().regex(/^[0-9a-f]{64}$/), question: z.string().min(1).max(20_000) });
export type SemanticTicket = z.infer<typeof semanticTicketSchema>;

export interface SemanticQuery {
  readonly scope: Buffer;
  readonly question: string;
  /** What the request itself demands. */
  readonly threshold: number | undefined;
}

export interface SemanticCacheParts {
  readonly index: SemanticIndex;
  readonly embedder: Embedder;
  readonly rule: AcceptanceRule;
  /** Scopes that hold something. */
  readonly scopes: KeyRegistry;
  readonly metrics: CacheMetrics;
  readonly clock: () => number;
  readonly lookupsPerSecond: number;
  /** Called after questions are in the index. */
  readonly onIndexed: (scopes: readonly Buffer[]) => void;
}

const neighbours = 5;
/** Pending questions of a scope that one lookup encodes with its own; the others are left to the background. */
const maxPendingPerLookup = 8;
/** A lookup that has not ended by then counts as a miss. */
const lookupTimeoutMs = 400;
const drainDelayMs = 250;
const questionsPerDrain = 16;
/** The encoder rests this many times as long as a background run took, so that indexing takes a quarter of one CPU. */
const restFactor = 3;
const retryDelayMs = 5_000;

/** Answers of like questions. Fails open: whatever goes wrong, a lookup finds nothing. */
export class SemanticCache {
  readonly #parts: SemanticCacheParts;
  readonly #pending = new PendingQuestions();
  readonly #memory = new QuestionMemory();
  readonly #guard: RateGuard;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;
  #closed = false;

  constructor(parts: SemanticCacheParts) {
    this.#parts = parts;
    this.#guard = new RateGuard(parts.lookupsPerSecond);
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** The nearest stored question whose answer serves this one, if any. Never rejects. */
  async find(query: SemanticQuery): Promise<Neighbour | undefined> {
    const scopeHex = query.scope.toString('hex');
    const words = wordsOf(query.question);
    const obstacle = this.#obstacle(query.scope, scopeHex, words);
    if (obstacle !== undefined) {
      this.#parts.metrics.semanticSkip(obstacle);
      return undefined;
    }
    const { promise: timeout, resolve } = Promise.withResolvers<'timeout'>();
    const timer = setTimeout(resolve, lookupTimeoutMs, 'timeout');
    const outcome = await Promise.race([this.#search(query, scopeHex, words).catch(() => 'failed' as const), timeout]);
    clearTimeout(timer);
    if (typeof outcome === 'object') return outcome;
    this.#parts.metrics.semanticSkip(outcome ?? 'unlike');
    return undefined;
  }

  /** Found by this process at once, by others when it is in the index. */
  add(question: Omit<IndexedQuestion, 'vector'>): void {
    const words = wordsOf(question.question);
    if (isForeign(words)) return;
    const hex = question.key.toString('hex');
    const scopeHex = question.scope.toString('hex');
    this.#memory.add(scopeHex, hex, words, !this.#parts.scopes.mayHave(question.scope));
    this.#parts.scopes.add(question.scope);
    const dropped = this.#pending.add({ ...question, hex, scopeHex });
    if (dropped > 0) this.#parts.metrics.notStored('semantic_overflow', dropped);
    this.#schedule(drainDelayMs);
  }

  /** Another replica has indexed something in these scopes. */
  noticeForeign(scope: Buffer): void {
    this.#parts.scopes.add(scope);
    this.#memory.markIncomplete(scope.toString('hex'));
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#parts.embedder.close();
  }

  /** Why encoding the question would be in vain or too dear. */
  #obstacle(scope: Buffer, scopeHex: string, words: Words): string | undefined {
    if (!this.#parts.scopes.mayHave(scope)) return 'empty_scope';
    if (isForeign(words)) return 'language';
    const stored = this.#memory.all(scopeHex);
    if (stored !== undefined) {
      let possible = false;
      for (const other of stored) if ((possible = this.#parts.rule.isPossible(words, other))) break;
      if (!possible) return 'vetoed';
    }
    return this.#guard.admits(this.#parts.clock()) ? undefined : 'rate';
  }

  async #search({ scope, question, threshold }: SemanticQuery, scopeHex: string, words: Words): Promise<Neighbour | undefined> {
    const pending = [...this.#pending.inScope(scopeHex)];
    const missing = pending.filter(({ vector }) => vector === undefined).slice(-maxPendingPerLookup);
    const [vector, ...others] = await this.#parts.embedder.embed([question, ...missing.map((each) => each.question)], 'request');
    if (vector === undefined) return undefined;
    assign(missing, others);
    const near = pending.flatMap((each): Neighbour[] =>
      each.vector === undefined ? [] : [{ key: each.key, question: each.question, similarity: cosine(vector, each.vector) }],
    );
    const indexed = await this.#neighbours(scope, vector);
    return [...near, ...indexed]
      .sort((left, right) => right.similarity - left.similarity)
      .find((neighbour) => this.#parts.rule.accepts(words, neighbour, threshold));
  }

  async #neighbours(scope: Buffer, vector: Float32Array): Promise<readonly Neighbour[]> {
    try {
      return await this.#parts.index.search(scope, vector, neighbours, this.#parts.clock());
    } catch {
      this.#parts.metrics.databaseFailure('search');
      return [];
    }
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#draining || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#drain();
    }, delayMs);
  }

  /** Encodes and indexes the oldest pending questions; what fails is tried again until it is dropped as the oldest. */
  async #drain(): Promise<void> {
    this.#draining = true;
    let delayMs = drainDelayMs;
    try {
      const batch = this.#pending.oldest(questionsPerDrain);
      const missing = batch.filter(({ vector }) => vector === undefined);
      const startedAt = performance.now();
      if (missing.length > 0)
        assign(
          missing,
          await this.#parts.embedder.embed(
            missing.map(({ question }) => question),
            'background',
          ),
        );
      delayMs = Math.max(delayMs, (performance.now() - startedAt) * restFactor);
      const ready = batch.flatMap((each) => (each.vector === undefined ? [] : [{ ...each, vector: each.vector }]));
      await this.#parts.index.add(ready);
      for (const { hex } of ready) this.#pending.remove(hex);
      this.#parts.onIndexed(ready.map(({ scope }) => scope));
    } catch {
      this.#parts.metrics.databaseFailure('write');
      delayMs = retryDelayMs;
    }
    this.#draining = false;
    if (this.#pending.size > 0) this.#schedule(delayMs);
  }
}

function assign(questions: readonly PendingQuestion[], vectors: readonly Float32Array[]): void {
  questions.forEach((question, index) => {
    const vector = vectors[index];
    if (vector !== undefined) question.vector = vector;
  });
}

/** Vectors have length 1. */
function cosine(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1) sum += (left[index] ?? 0) * (right[index] ?? 0);
  return sum;
}
