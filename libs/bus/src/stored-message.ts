import { nanos, type Msg, type NatsConnection } from 'nats';
import type { StreamMessage } from './bus.ts';

/** A message delivered from a stream, with the answers that JetStream's acknowledgement protocol (ADR-15) knows. */
export class StoredMessage implements StreamMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly sequence: number;
  readonly deliveries: number;
  readonly #message: Msg;
  readonly #connection: NatsConnection;

  private constructor(message: Msg, connection: NatsConnection, deliveries: number, sequence: number) {
    this.#message = message;
    this.#connection = connection;
    this.subject = message.subject;
    this.data = message.data;
    this.deliveries = deliveries;
    this.sequence = sequence;
  }

  /**
   * Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>`, and the longer form
   * of newer servers that has domain and account hash in front of the stream.
   */
  static from(message: Msg, connection: NatsConnection): StoredMessage | undefined {
    const tokens = message.reply?.split('.') ?? [];
    if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || tokens.length < 9) return undefined;
    const first = tokens.length >= 11 ? 6 : 4;
    const deliveries = Number(tokens[first]);
    const sequence = Number(tokens[first + 1]);
    return Number.isSafeInteger(deliveries) && Number.isSafeInteger(sequence)
      ? new StoredMessage(message, connection, deliveries, sequence)
      : undefined;
  }

  get headers(): ReadonlyMap<string, string> {
    return new Map([...(this.#message.headers ?? [])].map(([name, values]) => [name, values[0] ?? '']));
  }

  acknowledge(): void {
    this.#answer('+ACK');
  }

  /** Asks for another delivery after `delayMs`. */
  giveBack(delayMs: number): void {
    this.#answer(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
  }

  /** Asks never to see it again. */
  terminate(): void {
    this.#answer('+TERM');
  }

  #answer(text: string): void {
    if (!this.#connection.isClosed() && this.#message.reply !== undefined) this.#connection.publish(this.#message.reply, text);
  }
}
