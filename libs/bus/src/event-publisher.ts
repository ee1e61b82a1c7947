import { headers as headerNames } from '@sluice/contracts';
import type { Msg, NatsConnection } from 'nats';
import type { EventPublisher, TraceContext, UnsequencedEvent } from './bus.ts';
import { HeaderBlock } from './header-block.ts';
import type { Inbox } from './inbox.ts';
import { activeTraceContext } from './tracing.ts';

/** An event not acknowledged for this long is published again under the same id; the stream drops the repeat. */
const resendAfterMs = 2_000;
const sweepMs = 250;
/** Events resent in one sweep, so that a long outage ends in a steady flow instead of a burst. */
const resendLimit = 2_000;

interface Pending {
  readonly subject: string;
  readonly id: string;
  readonly payload: Uint8Array;
  publishedAt: number;
  readonly trace: TraceContext | undefined;
}

/**
 * Publishes to a JetStream stream in order and keeps each event until the stream has stored it. Publishing never waits:
 * the stream's acknowledgement comes back on the process's inbox.
 */
export class StreamEventPublisher implements EventPublisher {
  readonly #connection: NatsConnection;
  readonly #inbox: Inbox;
  readonly #source: string;
  readonly #token: string;
  readonly #log: { error(fields: object, message: string): void };
  /** In order of publication: a Map iterates as it was filled. */
  readonly #pending = new Map<number, Pending>();
  readonly #sweeper: NodeJS.Timeout;
  #sequence = 0;

  constructor(connection: NatsConnection, inbox: Inbox, source: string, log: { error(fields: object, message: string): void }) {
    this.#connection = connection;
    this.#inbox = inbox;
    this.#source = source;
    this.#token = `event-${source.replaceAll(/[^A-Za-z0-9_-]/g, '-')}-`;
    this.#log = log;
    this.#sweeper = setInterval(() => {
      this.#resend(Date.now() - resendAfterMs);
    }, sweepMs).unref();
  }

  get unacknowledged(): number {
    return this.#pending.size;
  }

  publish(subject: string, event: UnsequencedEvent, trace = activeTraceContext()): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const now = Date.now();
    const complete = {
      specversion: '1.0',
      ...event,
      source: this.#source,
      time: new Date(now).toISOString(),
      datacontenttype: 'application/json',
      sequence: String(sequence),
    };
    const entry: Pending = { subject, id: event.id, payload: Buffer.from(JSON.stringify(complete)), publishedAt: now, trace };
    this.#pending.set(sequence, entry);
    this.#inbox.open(this.#token + String(sequence), (message) => {
      this.#acknowledged(sequence, message);
    });
    this.#send(sequence, entry);
  }

  async flush(timeoutMs: number): Promise<void> {
    const giveUpAt = Date.now() + timeoutMs;
    while (this.#pending.size > 0) {
      if (Date.now() > giveUpAt) throw new Error(`${this.#pending.size} events are not stored yet`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Publishes again whatever is open: called when the connection is back. */
  reconnected(): void {
    this.#resend(Number.POSITIVE_INFINITY);
  }

  close(): Promise<void> {
    clearInterval(this.#sweeper);
    return Promise.resolve();
  }

  #send(sequence: number, entry: Pending): void {
    if (this.#connection.isClosed()) return;
    const block = new HeaderBlock()
      .set(headerNames.messageId, entry.id)
      .set(headerNames.traceparent, entry.trace?.traceparent)
      .set(headerNames.tracestate, entry.trace?.tracestate);
    this.#connection.publish(entry.subject, entry.payload, {
      reply: `${this.#inbox.prefix}.${this.#token}${sequence}`,
      headers: block.forPublish(),
    });
  }

  #acknowledged(sequence: number, message: Msg): void {
    const text = message.string();
    // An empty payload is the server's word that no stream takes the subject; an error means it was not stored.
    if (text === '' || text.includes('"error"')) {
      this.#log.error({ reason: text.slice(0, 200), source: this.#source }, 'event not stored; it will be published again');
      return;
    }
    this.#pending.delete(sequence);
    this.#inbox.close(this.#token + String(sequence));
  }

  #resend(before: number): void {
    const now = Date.now();
    let resent = 0;
    for (const [sequence, entry] of this.#pending) {
      if (resent >= resendLimit) break;
      if (entry.publishedAt >= before) continue;
      entry.publishedAt = now;
      resent += 1;
      this.#send(sequence, entry);
    }
  }
}
