/** One server-sent event. */
export interface SseEvent {
  /** The exact bytes, blank line included; all `raw` in a row are the stream. */
  readonly raw: Uint8Array;
  /** The `data` lines joined by a line feed; empty for comments and keep-alives. */
  readonly data: string;
  readonly event?: string;
}

export interface SseParserOptions {
  /** Longest event in bytes; default 8 MiB. */
  readonly maxEventBytes?: number;
}

/** Cuts a byte stream into events. @throws SluiceError `provider_error` from {@link SseParser.push} where an event grows over the bound */
export class SseParser {
  constructor(options: SseParserOptions = {}) {
    void options;
  }
  push(bytes: Uint8Array): SseEvent[] {
    void bytes;
    throw new Error('under way');
  }
  /** An event that the stream ended without a blank line, if any. */
  end(): SseEvent[] {
    throw new Error('under way');
  }
}
