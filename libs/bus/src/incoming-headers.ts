import type { Msg } from 'nats';

/** What the client keeps of a received message: the bytes of headers and data, and where the headers end. */
interface RawMessage {
  readonly _rdata?: unknown;
  readonly _msg?: { readonly hdr?: unknown };
  /** A message of a micro service endpoint wraps the received one. */
  readonly msg?: RawMessage;
}

/** Value of a header by its exact name; `''` where it is absent. */
export type HeaderReader = (name: string) => string;

/**
 * Reads one header of a received message by its exact name; `''` where it is absent. The client's own reader builds a
 * map of checked and trimmed values, for a handful of which a hop has a use: 3 µs a message against 0.5. It serves
 * where the client's inside is not as expected.
 */
export function headerReader(message: Msg): HeaderReader {
  const text = rawHeaders(message);
  if (text === undefined) {
    const { headers } = message;
    return (name) => headers?.get(name) ?? '';
  }
  return (name) => {
    const marker = `\r\n${name}:`;
    const start = text.indexOf(marker);
    if (start === -1) return '';
    const from = start + marker.length;
    return text.slice(from, text.indexOf('\r\n', from)).trim();
  };
}

function rawHeaders(message: Msg): string | undefined {
  const outer = message as unknown as RawMessage; // looked at, never trusted: every part is checked before use
  const raw = outer.msg ?? outer;
  const length = raw._msg?.hdr;
  if (!(raw._rdata instanceof Uint8Array) || typeof length !== 'number') return undefined;
  if (length <= 0) return '';
  return Buffer.from(raw._rdata.buffer, raw._rdata.byteOffset, length).toString('latin1');
}
