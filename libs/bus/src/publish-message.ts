import { NatsError, type NatsConnection } from 'nats';
import type { NatsConnectionImpl } from 'nats/lib/nats-base-client/internal_mod.js';
import type { HeaderBlock } from './header-block.ts';

const noBytes = new Uint8Array(0);
const carriageReturn = 13;
const lineFeed = 10;

/** A message with headers; its payload is a text and then bytes. */
interface OutgoingMessage {
  readonly subject: string;
  readonly reply?: string | undefined;
  readonly headers: HeaderBlock;
  readonly text?: string;
  /** Length of {@link text} in UTF-8, where it is known. */
  readonly textBytes?: number;
  readonly rest?: Uint8Array | undefined;
}

/**
 * Publishes a message as one buffer, handed to the transport at once: a stage that passes on takes 17 µs of processor time a
 * request in place of 19, a dispatcher 26 of 33. The client itself takes a buffer each for command, headers and payload, and
 * copies all of a microtask run together. What it has not sent yet goes first, and until it is connected the message waits there.
 * @throws NatsError where the connection is closed, or the message larger than the server takes
 */
export function publishMessage(connection: NatsConnection, { subject, reply, headers, text = '', textBytes, rest }: OutgoingMessage): void {
  const client = connection as NatsConnection & Pick<NatsConnectionImpl, '_check' | 'protocol'>; // connectCoalescing makes no other
  client._check(subject, false, true);
  const { protocol } = client;
  const head = headers.text; // ASCII, so its length is in bytes
  const bytes = rest ?? noBytes;
  const length = head.length + (textBytes ?? Buffer.byteLength(text)) + bytes.byteLength;
  if (length > (protocol.info?.max_payload ?? Infinity)) throw NatsError.errorForCode('MAX_PAYLOAD_EXCEEDED');
  const command = `HPUB ${subject} ${reply === undefined ? '' : `${reply} `}${head.length} ${length}\r\n`;
  const frame = Buffer.allocUnsafe(Buffer.byteLength(command) + length + 2); // a reply subject from outside need not be ASCII
  const end = frame.write(command + head + text);
  frame.set(bytes, end);
  frame[end + bytes.byteLength] = carriageReturn;
  frame[end + bytes.byteLength + 1] = lineFeed;
  if (protocol.connected && protocol.infoReceived && protocol.outbound.size() === 0) protocol.transport.send(frame);
  else protocol.sendCommand(frame);
}
