import type { MsgHdrs } from 'nats';

const preamble = 'NATS/1.0\r\n';

/**
 * Headers of one outgoing message, encoded without the library's per-key canonicalisation: ours are constants already
 * in canonical form, and this runs at every hop. Values come from our own code or were stripped of line breaks.
 */
export class HeaderBlock {
  #text = preamble;

  set(name: string, value: string | number | undefined): this {
    if (value !== undefined) this.#text += `${name}: ${value}\r\n`;
    return this;
  }

  /** For `publish`, whose client only ever calls `encode` on what it is given. */
  forPublish(): MsgHdrs {
    return this as unknown as MsgHdrs; // the client's publish path uses encode() alone; a spec publishes through a real server to prove it
  }

  encode(): Uint8Array {
    return Buffer.from(`${this.#text}\r\n`, 'latin1');
  }
}

/** A value fit for a header: line breaks and control characters would end the header block. */
export function headerValue(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1024);
}
