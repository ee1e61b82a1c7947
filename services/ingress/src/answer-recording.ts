import type { Dialect } from '@sluice/contracts';
import { createStreamReader, SseParser, type StreamReader } from '@sluice/dialects';

/** Puts a streamed answer together while it passes, so that the cache can keep it in its plain form. Bounded by the reader. */
export class AnswerRecording {
  readonly #parser = new SseParser();
  readonly #reader: StreamReader;
  #broken = false;

  constructor(dialect: Dialect) {
    this.#reader = createStreamReader(dialect);
  }

  push(bytes: Uint8Array): void {
    if (this.#broken) return;
    try {
      for (const event of this.#parser.push(bytes)) this.#reader.push(event);
    } catch {
      this.#broken = true; // a stream that cannot be read is passed on, but not kept
    }
  }

  /** The plain answer's bytes, or undefined where the stream broke off or grew over the bound. */
  completion(): Uint8Array | undefined {
    if (this.#broken) return undefined;
    const completion = this.#reader.completion();
    return completion === undefined ? undefined : Buffer.from(JSON.stringify(completion));
  }
}
