import type { Embedder } from '@sluice/embedding';
import { z } from 'zod';
import type { KeyRegistry } from '../key-registry.ts';
import type { CacheMetrics } from '../metrics.ts';
import { wordsOf, type Words } from '../veto/words.ts';
import { isForeign } from '../veto/language.ts';
import type { AcceptanceRule } from './acceptance.ts';
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
/** Taking a question apart and comparing words costs about 0.1 ms, a fiftieth of encoding it. */
const examinationsPerEncoding = 5;
/** A lookup that has not ended by then counts as a miss. */
const lookupTimeoutMs = 400;
const drainDelayMs = 250;
const questionsPerDrain = 16;
/** The encoder rests this many times as long as a background run took, so that indexing takes a quarter of one CPU. */
const restFactor = 3;
const retryDelayMs = 5_000;
const maxFailures = 10;

/** Answers of like questions. Fails open: whatever goes wrong, a lookup finds nothing. */
export class SemanticCache {
  readonly #parts: SemanticCacheParts;
  readonly #pending = new PendingQuestions();
  readonly #memory = new QuestionMemory();
  readonly #examinations: RateGuard;
  readonly #encodings: RateGuard;
  #timer: NodeJS.Timeout | undefined;
  #draining = false;
  #closed = false;
  #failures = 0;

  constructor(parts: SemanticCacheParts) {
    this.#parts = parts;
    this.#examinations = new RateGuard(parts.lookupsPerSecond * examinationsPerEncoding);
    this.#encodings = new RateGuard(parts.lookupsPerSecond);
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** The nearest stored question whose answer serves this one, if any. Never rejects. */
  async find(query: SemanticQuery): Promise<Neighbour | undefined> {
    const scopeHex = query.scope.toString('hex');
    const words = this.#examine(query, scopeHex);
    if (typeof words === 'string') {
      this.#parts.metrics.semanticSkip(words);
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
    const hex = question.key.toString('hex');
    const scopeHex = question.scope.toString('hex');
    this.#memory.add(scopeHex, hex, question.question, !this.#parts.scopes.mayHave(question.scope));
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

  /** The words of the question, or why looking further would be in vain or too dear; what costs least is asked first. */
  #examine({ scope, question }: SemanticQuery, scopeHex: string): Words | string {
    if (!this.#parts.scopes.mayHave(scope)) return 'empty_scope';
    const now = this.#parts.clock();
    if (!this.#examinations.admits(now)) return 'rate';
    const words = wordsOf(question);
    if (isForeign(words)) return 'language';
    if (!this.#memory.mayHold(scopeHex, (other) => this.#parts.rule.isPossible(words, other))) return 'vetoed';
    return this.#encodings.admits(now) ? words : 'rate';
  }

  async #search({ scope, question, threshold }: SemanticQuery, scopeHex: string, words: Words): Promise<Neighbour | undefined> {
    const pending = [...this.#pending.inScope(scopeHex)];
    const missing = this.#withoutForeign(pending.filter(({ vector }) => vector === undefined).slice(-maxPendingPerLookup));
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

  /** Encodes and indexes the oldest pending questions. */
  async #drain(): Promise<void> {
    this.#draining = true;
    let delayMs = drainDelayMs;
    try {
      const batch = this.#withoutForeign(this.#pending.oldest(questionsPerDrain));
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
      if (ready.length > 0) {
        await this.#parts.index.add(ready);
        this.#parts.onIndexed(ready.map(({ scope }) => scope));
      }
      for (const { hex } of ready) this.#pending.remove(hex);
      this.#failures = 0;
    } catch {
      this.#parts.metrics.databaseFailure('write');
      delayMs = retryDelayMs;
      this.#dropStubborn();
    }
    this.#draining = false;
    if (this.#pending.size > 0) this.#schedule(delayMs);
  }

  /** What cannot be encoded is not kept. */
  #withoutForeign(questions: readonly PendingQuestion[]): PendingQuestion[] {
    return questions.filter(({ question, hex, vector }) => {
      const foreign = vector === undefined && isForeign(wordsOf(question));
      if (foreign) this.#pending.remove(hex);
      return !foreign;
    });
  }

  /** Gives up questions that failed often, in case one of them is the cause. */
  #dropStubborn(): void {
    this.#failures += 1;
    if (this.#failures < maxFailures) return;
    this.#failures = 0;
    const batch = this.#pending.oldest(questionsPerDrain);
    for (const { hex } of batch) this.#pending.remove(hex);
    this.#parts.metrics.notStored('semantic_failed', batch.length);
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
