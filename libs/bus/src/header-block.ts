import type { MsgHdrs } from 'nats';

const preamble = 'NATS/1.0\r\n';
const unprintable = /[^\x20-\x7e]/;
/** Longest value that is kept of one that had to be cleaned. */
const cleanedLimitCharacters = 1_024;

/**
 * Headers of one outgoing message, encoded without the library's per-key canonicalisation: ours are constants already
 * in canonical form, and this runs at every hop. A value that would end its line, and the block with it, is cleaned:
 * trace context comes from outside, and Latin-1 would turn U+010A into a line break.
 */
export class HeaderBlock {
  #text = preamble;

  set(name: string, value: string | number | undefined): this {
    if (value !== undefined)
      this.#text += `${name}: ${typeof value === 'string' && unprintable.test(value) ? headerValue(value) : value}\r\n`;
    return this;
  }

  /** For requests and answers by the client, which only ever calls `encode` on what it is given. */
  forPublish(): MsgHdrs {
    return this as unknown as MsgHdrs; // the client's publish path uses encode() alone; a spec publishes through a real server to prove it
  }

  /** The whole block; ASCII. */
  get text(): string {
    return `${this.#text}\r\n`;
  }

  encode(): Uint8Array {
    return Buffer.from(this.text, 'latin1');
  }
}

/** A value fit for a header: line breaks and control characters would end the header block. */
export function headerValue(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, cleanedLimitCharacters);
}
