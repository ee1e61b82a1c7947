import type { TokenUsage } from '@sluice/contracts';
import type { StreamPiece, StreamReading } from './endpoint.ts';

/** What every way of reading a stream finds out about it. */
export type StreamFacts = Pick<StreamReading, 'usage' | 'finishReason' | 'contentEvents' | 'complete' | 'foreign'>;

/** A reading whose facts are its observer's. */
export abstract class ObservedReading implements StreamReading {
  readonly #facts: StreamFacts;

  constructor(facts: StreamFacts) {
    this.#facts = facts;
  }

  get usage(): TokenUsage | undefined {
    return this.#facts.usage;
  }

  get finishReason(): string | undefined {
    return this.#facts.finishReason;
  }

  get contentEvents(): number {
    return this.#facts.contentEvents;
  }

  get complete(): boolean {
    return this.#facts.complete;
  }

  get foreign(): boolean {
    return this.#facts.foreign;
  }

  abstract push(bytes: Buffer): Iterable<StreamPiece>;
  abstract end(): Iterable<StreamPiece>;
}
