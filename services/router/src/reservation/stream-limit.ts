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

  get outputTokens(): number {
    return this.#reading.meter.tokens;
  }

  get answered(): Promise<void> {
    return this.#allowance.answered;
  }

  /** Whether the event behind the one that was read last may follow it. */
  check(): 'pass' | 'wait' | 'end' {
    // What has not begun cannot end, and what ends by itself need not be ended.
    if (this.#reading.meter.tokens === 0 || this.#reading.isEnding) return 'pass';
    return this.#allowance.check(this.#reading.meter.tokens);
  }

  /** The end of the stream as events of the client's dialect. */
  end(): Uint8Array {
    const { usage: said, meter } = this.#reading;
    const input = said?.input ?? this.#inputTokens;
    this.usage = { ...said, input, output: meter.tokens, ...(meter.isExact ? {} : { estimated: true }) };
    return this.#reading.close(this.usage);
  }
}
