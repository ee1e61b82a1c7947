import { headers as headerNames } from '@sluice/contracts';
import type { NatsConnection } from 'nats';
import { HeaderBlock } from './header-block.ts';
import type { Inbox } from './inbox.ts';
import { publishMessage } from './publish-message.ts';
import type { OutgoingEvent } from './spool-record.ts';

/** Told of each event that was sent: the stream has stored it, or the reason why it has not. */
export type EventAnswered = (number: number, refusal: string | undefined) => void;

/** One source's way to the stream. */
export interface EventChannel {
  /** Sends an event and does not wait; a lost one is never answered. */
  readonly send: (number: number, event: OutgoingEvent) => void;
  readonly close: () => void;
}

/** Brings events to a stream. */
export interface EventWire {
  /** Largest event, bytes with room for its headers. */
  readonly limitBytes: number;
  /** @param name one word, never given twice */
  open(name: string, answered: EventAnswered): EventChannel;
}

const headerAllowanceBytes = 4 * 1024;

/** JetStream by plain messages: its word on each comes to the process's inbox, so that publishing never waits. */
export class NatsEventWire implements EventWire {
  readonly limitBytes: number;
  readonly #connection: NatsConnection;
  readonly #inbox: Inbox;

  constructor(connection: NatsConnection, inbox: Inbox, maxPayloadBytes: number) {
    this.#connection = connection;
    this.#inbox = inbox;
    this.limitBytes = maxPayloadBytes - headerAllowanceBytes;
  }

  open(name: string, answered: EventAnswered): EventChannel {
    const opened = this.#inbox.open(name, (message, word) => {
      const text = message.string();
      // An empty payload is the server's word that no stream takes the subject; an error means it was not stored.
      const stored = text !== '' && !text.includes('"error"');
      answered(Number(word), stored ? undefined : text.slice(0, 200) || 'no stream takes its subject');
    });
    return {
      send: (number, { subject, id, text, trace }) => {
        if (this.#connection.isClosed()) return;
        const headers = new HeaderBlock()
          .set(headerNames.messageId, id)
          .set(headerNames.traceparent, trace?.traceparent)
          .set(headerNames.tracestate, trace?.tracestate);
        try {
          publishMessage(this.#connection, { subject, reply: `${opened.subject}.${number}`, headers, text });
        } catch {
          // The connection is being closed. Nobody answers, so the event stays open, and goes to disk in the end.
        }
      },
      close: () => {
        this.#inbox.close(opened);
      },
    };
  }
}
