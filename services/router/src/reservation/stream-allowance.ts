import type { Word } from './ask-for-more.ts';

/** Share of what is held at which more is asked for. */
const askAtShare = 0.75;
/** Least that is asked for: about a sentence. */
const smallestBlock = 16;
/** Longest that a stream stands still for answers once it has used what is held; one answer more may be under way then. */
const patienceMs = 2_000;

export interface AllowanceOptions {
  /** Output tokens that the request's reservation holds. */
  readonly heldTokens: number;
  /** What the request itself allows; the provider keeps to it. */
  readonly atMostTokens: number;
  readonly ask: (outputTokens: number) => Promise<Word>;
  readonly clock: () => number;
}

/**
 * How far one stream may go: no event passes that does not fit what is held. Ahead of its end it asks for as much again, so that
 * a stream of any length asks a few times only; each refusal halves what it asks for, so that a limit is used to its end.
 * Nothing is asked twice at once.
 */
export class StreamAllowance {
  readonly #options: AllowanceOptions;
  #heldTokens: number;
  /** What is asked for next; 0 where nothing is any more. */
  #block: number;
  #askAt: number;
  #asked: Promise<void> | undefined;
  #produced = 0;
  /** Since when the stream stands still; undefined while it runs. */
  #stoodSince: number | undefined;

  constructor(options: AllowanceOptions) {
    this.#options = options;
    this.#heldTokens = options.heldTokens;
    this.#block = Math.max(options.heldTokens, smallestBlock);
    this.#askAt = options.heldTokens * askAtShare;
  }

  /** Resolves once what was asked is answered. */
  get answered(): Promise<void> {
    return this.#asked ?? Promise.resolve();
  }

  /** Infinity where the provider itself ends the stream at its request's maximum. */
  get heldTokens(): number {
    return this.#heldTokens;
  }

  /**
   * To be told before an event is passed on how much was produced, that event included.
   * @returns `wait` where it has to wait for {@link answered}; `end` where it must not be passed on
   */
  check(producedTokens: number): 'pass' | 'wait' | 'end' {
    this.#produced = producedTokens;
    if (producedTokens >= this.#askAt && this.#asked === undefined && this.#mayAsk()) this.#ask();
    if (producedTokens <= this.#heldTokens) return 'pass';
    if (this.#asked === undefined) return 'end';
    this.#stoodSince ??= this.#options.clock();
    return 'wait';
  }

  /** The least that is worth to ask for. */
  get #least(): number {
    return Math.max(smallestBlock, this.#produced - this.#heldTokens);
  }

  #mayAsk(): boolean {
    const { clock } = this.#options;
    return this.#block > 0 && (this.#stoodSince === undefined || clock() - this.#stoodSince < patienceMs);
  }

  #ask(): void {
    const block = Math.min(Math.max(this.#block, this.#least), this.#options.atMostTokens - this.#heldTokens);
    this.#asked = this.#options.ask(block).then((word) => {
      this.#asked = undefined;
      if (word === 'granted') this.#add(block);
      else {
        // Of a metering that does not answer, waiting longer while the stream stands still would make nothing better.
        if (word === 'unanswered' && this.#stoodSince !== undefined) this.#block = 0;
        // Less than the event that waits would not help it.
        if (word === 'refused') this.#block = block > this.#least ? Math.max(this.#least, Math.floor(block / 2)) : 0;
        this.#askAt = Math.max(this.#produced, (this.#produced + this.#heldTokens) / 2);
      }
    });
  }

  #add(block: number): void {
    this.#heldTokens += block;
    this.#stoodSince = undefined;
    // The provider itself ends a stream at its request's maximum, and counts better than we do.
    if (this.#heldTokens >= this.#options.atMostTokens) this.#heldTokens = Infinity;
    this.#block = Math.min(block * 2, this.#heldTokens);
    this.#askAt = this.#heldTokens * askAtShare;
  }
}
