import type { TokenUsage } from '@sluice/contracts';
import type { FollowedReading } from '../endpoints/endpoint.ts';
import type { StreamAllowance } from './stream-allowance.ts';

/** Keeps one stream within its allowance. */
export class StreamLimit {
  readonly #reading: FollowedReading;
  readonly #allowance: StreamAllowance;
  readonly #inputTokens: number;
  /** What was used until the stream was ended here; undefined where it was not. */
  usage: TokenUsage | undefined;

  /** @param inputTokens where the provider does not say how many they are */
  constructor(reading: FollowedReading, allowance: StreamAllowance, inputTokens: number) {
    this.#reading = reading;
    this.#allowance = allowance;
    this.#inputTokens = inputTokens;
  }

  /**
   * Output that counts as used: no more than is held, for what does not fit is not passed on. What the provider itself has told of is
   * no estimate, and counts.
   */
  get outputTokens(): number {
    const { said, tokens } = this.#reading.meter;
    return Math.max(said, Math.min(tokens, this.#allowance.heldTokens));
  }

  get answered(): Promise<void> {
    return this.#allowance.answered;
  }

  /** Whether what comes next may be passed on. */
  check(): 'pass' | 'wait' | 'end' {
    // What has not begun cannot end, and what ends by itself need not be ended.
    if (this.#reading.meter.tokens === 0 || this.#reading.isEnding) return 'pass';
    return this.#allowance.check(this.#reading.meter.tokens);
  }

  /** The end of the stream as events of the client's dialect. */
  end(): Uint8Array {
    const { usage: said, meter } = this.#reading;
    const input = said?.input ?? this.#inputTokens;
    this.usage = { ...said, input, output: this.outputTokens, ...(meter.isExact ? {} : { estimated: true }) };
    return this.#reading.close(this.usage);
  }
}
