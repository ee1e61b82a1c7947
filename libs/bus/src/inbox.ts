import { createInbox, type Msg, type NatsConnection } from 'nats';
import type { BusLog } from './stage-surroundings.ts';

/**
 * What all inboxes of a service begin with, the client library's own among them. A NATS user may subscribe below the prefix
 * of its service and nowhere else (deploy/nats/nats.conf), so no service can listen to what another is answered.
 */
export function inboxPrefix(service: string): string {
  return `_INBOX.${service}`;
}

/** Somebody who waits for messages, from {@link Inbox.open} to {@link Inbox.close}. */
export interface OpenInbox {
  /** Where it hears. Below it, after a dot, whoever publishes may add a word of its own. */
  readonly subject: string;
  readonly place: number;
  /** @param word what follows the subject and a dot; empty where nothing does */
  readonly handle: (message: Msg, word: string) => void;
}

/**
 * One wildcard subscription for every answer this process waits for: requests under way, stream credit, stored-event
 * acknowledgements. A subscription for each would cost two protocol messages a request. A subject has a number, the place of
 * its handler in a list, and a name, by which a message that comes late is told from one for who has the place now: a Map
 * by names would cost what {@link Roster} says.
 */
export class Inbox {
  readonly #prefix: string;
  readonly #places: (OpenInbox | undefined)[] = [];
  readonly #free: number[] = [];

  constructor(connection: NatsConnection, service: string, log: Pick<BusLog, 'error'>) {
    this.#prefix = `${createInbox(inboxPrefix(service))}.`;
    connection.subscribe(`${this.#prefix}>`, {
      callback: (error, message) => {
        if (error !== null) return;
        try {
          this.#receive(message);
        } catch (thrown) {
          log.error({ err: thrown }, 'a message on the inbox could not be handled'); // thrown on, it would end the client's reader
        }
      },
    });
  }

  /** @param name one word of a subject, never given twice */
  open(name: string, handle: OpenInbox['handle']): OpenInbox {
    const place = this.#free.pop() ?? this.#places.length;
    const opened = { subject: `${this.#prefix}${place}-${name}`, place, handle };
    this.#places[place] = opened;
    return opened;
  }

  close(opened: OpenInbox): void {
    if (this.#places[opened.place] !== opened) return;
    this.#places[opened.place] = undefined;
    this.#free.push(opened.place);
  }

  #receive(message: Msg): void {
    const { subject } = message;
    const opened = this.#places[Number.parseInt(subject.slice(this.#prefix.length), 10)];
    if (opened === undefined || !subject.startsWith(opened.subject)) return;
    const end = opened.subject.length;
    if (subject.length === end) opened.handle(message, '');
    else if (subject[end] === '.') opened.handle(message, subject.slice(end + 1));
  }
}
