import type { TokenUsage } from '@sluice/contracts';
import { bytesPerToken } from '../attempt-record.ts';

/**
 * How much output a stream has used so far: what its provider says while it runs, and an estimate of what came since. An
 * event is a token at least, and four bytes are one: providers differ in how much they send at once.
 */
export class OutputMeter {
  #said = 0;
  #events = 0;
  #bytes = 0;

  /** One event, by the UTF-8 bytes that the model wrote in it. */
  add(bytes: number): void {
    if (bytes === 0) return;
    this.#events += 1;
    this.#bytes += bytes;
  }

  /** The provider's own figure. One that does not grow is of the stream's beginning, and says nothing of what came since. */
  heard(usage: TokenUsage | undefined): void {
    if (usage === undefined || usage.output <= this.#said) return;
    this.#said = usage.output;
    this.#events = 0;
    this.#bytes = 0;
  }

  /** What the provider itself has told of. */
  get said(): number {
    return this.#said;
  }

  get tokens(): number {
    return this.#said + Math.max(this.#events, Math.ceil(this.#bytes / bytesPerToken));
  }

  /** True where the provider has told of everything. */
  get isExact(): boolean {
    return this.#said > 0 && this.#events === 0;
  }
}
