import { createInbox, type Msg, type NatsConnection } from 'nats';
import type { BusLog } from './stage-surroundings.ts';

/**
 * What all inboxes of a service begin with, the client library's own among them. A NATS user may subscribe below the prefix
 * of its service and nowhere else (deploy/nats/nats.conf), so no service can listen to what another is answered.
 */
export function inboxPrefix(service: string): string {
  return `_INBOX.${service}`;
}

/**
 * One wildcard subscription for every answer this process waits for: requests under way, stream credit, stored-event
 * acknowledgements. A subscription for each would cost two protocol messages a request.
 */
export class Inbox {
  readonly prefix: string;
  readonly #handlers = new Map<string, (message: Msg) => void>();

  constructor(connection: NatsConnection, service: string, log: Pick<BusLog, 'error'>) {
    this.prefix = createInbox(inboxPrefix(service));
    const skip = this.prefix.length + 1;
    connection.subscribe(`${this.prefix}.*`, {
      callback: (error, message) => {
        if (error !== null) return;
        try {
          this.#handlers.get(message.subject.slice(skip))?.(message);
        } catch (thrown) {
          log.error({ err: thrown }, 'a message on the inbox could not be handled'); // thrown on, it would end the client's reader
        }
      },
    });
  }

  /** Subject on which `handler` hears, until {@link Inbox.close} of the same token. */
  open(token: string, handler: (message: Msg) => void): string {
    this.#handlers.set(token, handler);
    return `${this.prefix}.${token}`;
  }

  close(token: string): void {
    this.#handlers.delete(token);
  }

  get size(): number {
    return this.#handlers.size;
  }
}
