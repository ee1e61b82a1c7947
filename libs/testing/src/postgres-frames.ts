/** Framing of the PostgreSQL wire protocol, version 3, as a server reads it. */

/** `startup` has no type byte; `ssl` covers GSS too: both are answered by one byte. */
export type FrameKind = 'startup' | 'ssl' | 'cancel' | 'message';

export interface Frame {
  readonly kind: FrameKind;
  /** Type byte of a message, e.g. `Q`; empty for the others. */
  readonly type: string;
  readonly bytes: Buffer;
}

const encryptionCodes = new Set([80_877_103, 80_877_104]);
const cancelCode = 80_877_102;

/** Cuts a byte stream into frames. `maxFrameBytes` bounds what is kept; a longer frame throws RangeError. */
export class FrameReader {
  readonly #maxFrameBytes: number;
  #chunks: Buffer[] = [];
  #held = 0;
  #started = false;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): Frame | undefined {
    const lengthOffset = this.#started ? 1 : 0;
    if (this.#held < lengthOffset + 4) return undefined;
    const head = this.#chunks[0];
    // Join only where a header is split or a frame is complete: a body of many segments is then copied once.
    const buffer = head !== undefined && head.length >= lengthOffset + 4 ? head : this.#join();
    const size = lengthOffset + buffer.readInt32BE(lengthOffset);
    if (size < lengthOffset + 4 || size > this.#maxFrameBytes) throw new RangeError(`a frame of ${size} bytes`);
    if (this.#held < size) return undefined;
    const all = this.#join();
    const bytes = all.subarray(0, size);
    this.#chunks = size === all.length ? [] : [all.subarray(size)];
    this.#held -= size;
    return this.#classify(bytes);
  }

  #classify(bytes: Buffer): Frame {
    if (this.#started) return { kind: 'message', type: String.fromCharCode(bytes[0] ?? 0), bytes };
    const code = bytes.length >= 8 ? bytes.readInt32BE(4) : 0;
    if (encryptionCodes.has(code)) return { kind: 'ssl', type: '', bytes };
    if (code === cancelCode) return { kind: 'cancel', type: '', bytes };
    this.#started = true;
    return { kind: 'startup', type: '', bytes };
  }

  #join(): Buffer {
    const only = this.#chunks[0];
    if (this.#chunks.length === 1 && only !== undefined) return only;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

/** An ErrorResponse with the given severity (`FATAL` ends the connection), SQLSTATE and text. */
export function errorResponse(severity: 'ERROR' | 'FATAL', sqlState: string, text: string): Buffer {
  const body = Buffer.from(`S${severity}\0V${severity}\0C${sqlState}\0M${text}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** ReadyForQuery outside a transaction. */
export const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** Sync: ends a pipeline and clears its error state. */
export const syncMessage = Buffer.from([0x53, 0, 0, 0, 4]);
