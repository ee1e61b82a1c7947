import type { NatsConnection } from 'nats';

/** Credit is given for this many chunks at once. */
const creditEvery = 16;

/** The stream of one request as ingress receives it: which attempt sends it, which chunk is due, and the credit for what the client took. */
export class IncomingStream {
  /** Messages of other attempts no longer count. */
  readonly attempt: number;
  readonly #connection: NatsConnection;
  readonly #creditSubject: string;
  #length = 1;
  #consumed = 0;
  #closed = false;

  /** Made of its first chunk. */
  constructor(attempt: number, connection: NatsConnection, creditSubject: string) {
    this.attempt = attempt;
    this.#connection = connection;
    this.#creditSubject = creditSubject;
  }

  /** Chunks that came, and the number of the one that is due. */
  get length(): number {
    return this.#length;
  }

  /** The chunk that was due has come. */
  count(): void {
    this.#length += 1;
  }

  /** The client has taken a chunk. */
  readonly written = (): void => {
    this.#consumed += 1;
    if (this.#consumed % creditEvery === 0 && !this.#closed) this.#connection.publish(this.#creditSubject, String(this.#consumed));
  };

  /** No credit is given any more. */
  close(): void {
    this.#closed = true;
  }
}
