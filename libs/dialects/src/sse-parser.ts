import { SluiceError } from '@sluice/contracts';

/** One server-sent event. */
export interface SseEvent {
  /** The exact bytes, blank line included; all `raw` in a row are the stream. */
  readonly raw: Uint8Array;
  /** The `data` lines joined by a line feed; empty for comments and keep-alives. */
  readonly data: string;
  readonly event?: string;
}

export interface SseParserOptions {
  /** Longest event in bytes; default {@link defaultMaxEventBytes}. */
  readonly maxEventBytes?: number;
}

/** Holds any event of a real provider (images come as one event of a few MB) and bounds a stream that never ends a line. */
export const defaultMaxEventBytes = 8_388_608;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts a byte stream into events, wherever its chunks are split (WHATWG HTML, "Parsing an event stream"): lines end in
 * LF, CRLF or CR, a leading byte order mark is dropped, comments and unknown fields are ignored but stay in `raw`.
 * Each byte is looked at once. After an error the parser must not be used again.
 */
export class SseParser {
  readonly #maxEventBytes: number;
  /** Bytes of the event under way that came in earlier chunks. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #atLineStart = true;
  /** The last byte was a CR: an LF that follows belongs to the same line end, and to the event that it may have closed. */
  #afterCarriageReturn = false;
  /** Some line of the event under way is not empty. */
  #hasContent = false;
  #first = true;

  constructor(options: SseParserOptions = {}) {
    this.#maxEventBytes = options.maxEventBytes ?? defaultMaxEventBytes;
  }

  /** Bytes of an event that has begun and not ended. */
  get pendingBytes(): number {
    return this.#pieceBytes;
  }

  /** @throws SluiceError `provider_error` where an event grows over the bound */
  push(bytes: Uint8Array): SseEvent[] {
    const events: SseEvent[] = [];
    let start = 0;
    for (let position = 0; position < bytes.length; position++) {
      const byte = bytes[position];
      if (byte !== lineFeed && byte !== carriageReturn) {
        this.#atLineStart = false;
        this.#afterCarriageReturn = false;
        this.#hasContent = true;
        continue;
      }
      if (byte === lineFeed && this.#afterCarriageReturn) {
        this.#afterCarriageReturn = false;
        continue;
      }
      this.#afterCarriageReturn = byte === carriageReturn;
      const ends = this.#atLineStart && this.#hasContent;
      this.#atLineStart = true;
      if (!ends) continue;
      // An LF at hand goes with its CR; one that comes in the next chunk becomes the head of the next event's raw bytes.
      if (byte === carriageReturn && bytes[position + 1] === lineFeed) {
        position++;
        this.#afterCarriageReturn = false;
      }
      events.push(this.#take(bytes.subarray(start, position + 1)));
      start = position + 1;
    }
    if (start < bytes.length) {
      const rest = start === 0 ? bytes : bytes.subarray(start);
      this.#pieces.push(rest);
      this.#pieceBytes += rest.length;
      this.#checkSize(this.#pieceBytes);
    }
    return events;
  }

  /** An event that the stream ended without a blank line, if any: providers do that, so it counts. */
  end(): SseEvent[] {
    return this.#pieceBytes === 0 ? [] : [this.#take(new Uint8Array(0))];
  }

  #take(last: Uint8Array): SseEvent {
    const size = this.#pieceBytes + last.length;
    this.#checkSize(size);
    const raw = this.#pieceBytes === 0 ? last : Buffer.concat([...this.#pieces, last], size);
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#hasContent = false;
    const event = readEvent(raw, this.#first);
    this.#first = false;
    return event;
  }

  #checkSize(size: number): void {
    if (size <= this.#maxEventBytes) return;
    throw new SluiceError('provider_error', `The provider sent a stream event of more than ${this.#maxEventBytes} bytes.`);
  }
}

function readEvent(raw: Uint8Array, first: boolean): SseEvent {
  let text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8');
  if (first && text.startsWith('\ufeff')) text = text.slice(1);
  const simple = readSimpleEvent(text);
  if (simple !== undefined) return { raw, data: simple };
  let data: string | undefined;
  let name = '';
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
    else if (field === 'event') name = value;
  }
  return name === '' ? { raw, data: data ?? '' } : { raw, data: data ?? '', event: name };
}

/** Nearly every event is one data line: no need to split it. */
function readSimpleEvent(text: string): string | undefined {
  if (!text.startsWith('data: ') || !text.endsWith('\n\n')) return undefined;
  const end = text.length - 2;
  return text.indexOf('\n') === end && !text.includes('\r') ? text.slice(6, end) : undefined;
}
