import { headers as headerNames } from '@sluice/contracts';
import type { Msg, NatsConnection } from 'nats';
import type { EventPublisher, TraceContext, UnsequencedEvent } from './bus.ts';
import { HeaderBlock } from './header-block.ts';
import type { Inbox, OpenInbox } from './inbox.ts';
import { publishMessage } from './publish-message.ts';
import { SequenceWindow } from './sequence-window.ts';
import { activeTraceContext } from './tracing.ts';

/** An event not acknowledged for this long counts as lost on the way; the stream drops a repeat by its id. */
const resendAfterMs = 2_000;
/** How often lost events are looked for, and how often the oldest one is tried while the stream does not take it. */
const sweepMs = 250;
/** Events under way without an acknowledgement; more wait, so that a long outage ends in a steady flow. */
const windowEvents = 2_000;

interface Pending {
  readonly subject: string;
  readonly id: string;
  readonly text: string;
  publishedAt: number;
  readonly trace: TraceContext | undefined;
}

/**
 * Publishes to a JetStream stream in order and keeps each event until the stream has stored it. Publishing never waits:
 * the stream's acknowledgement comes back on the process's inbox. After a loss only the oldest open event is sent
 * until the stream takes it, then the others in their order: so what one source says stays in order over an outage.
 * What is kept is bounded by the caller, who sees {@link EventPublisher.unacknowledged}: an event is never dropped here.
 */
export class StreamEventPublisher implements EventPublisher {
  readonly #connection: NatsConnection;
  readonly #inbox: OpenInbox;
  readonly #source: string;
  readonly #log: { error(fields: object, message: string): void };
  readonly #pending = new SequenceWindow<Pending>();
  readonly #sweeper: NodeJS.Timeout;
  /** Number of the last one sent since the flow began anew. */
  #sent = 0;
  #connected = true;
  /** False after a loss, until the oldest open event is stored. */
  #flowing = true;
  #idle: (() => void)[] = [];

  constructor(connection: NatsConnection, inbox: Inbox, source: string, log: { error(fields: object, message: string): void }) {
    this.#connection = connection;
    this.#inbox = inbox.open(`event-${source.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`, (message, word) => {
      this.#acknowledged(Number(word), message);
    });
    this.#source = source;
    this.#log = log;
    this.#sweeper = setInterval(() => {
      this.#sweep();
    }, sweepMs).unref();
  }

  get unacknowledged(): number {
    return this.#pending.size;
  }

  publish(subject: string, event: UnsequencedEvent, trace = activeTraceContext()): void {
    const sequence = this.#pending.last + 1;
    const complete = {
      specversion: '1.0',
      ...event,
      source: this.#source,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      sequence: String(sequence),
    };
    this.#pending.push({ subject, id: event.id, text: JSON.stringify(complete), publishedAt: 0, trace });
    this.#flow();
  }

  async flush(timeoutMs: number): Promise<void> {
    if (this.#pending.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#idle.push(() => {
      resolve(true);
    });
    const timer = setTimeout(resolve, timeoutMs, false);
    const stored = await promise;
    clearTimeout(timer);
    if (!stored) throw new Error(`${this.#pending.size} events are not stored yet`);
  }

  /** The client drops what it holds when it reconnects, so nothing is handed to it while the server is away. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#flowing = false;
    if (connected) this.#sweep();
  }

  close(): Promise<void> {
    clearInterval(this.#sweeper);
    return Promise.resolve();
  }

  /** Sends what has not been sent, in order, as far as the window allows. */
  #flow(): void {
    while (this.#flowing && this.#connected && this.#sent < this.#pending.last) {
      if (this.#sent + 1 - this.#pending.oldest >= windowEvents) return;
      this.#sent += 1;
      this.#send(this.#sent);
    }
  }

  #send(sequence: number): void {
    const entry = this.#pending.get(sequence);
    if (entry === undefined || this.#connection.isClosed()) return;
    entry.publishedAt = Date.now();
    const headers = new HeaderBlock()
      .set(headerNames.messageId, entry.id)
      .set(headerNames.traceparent, entry.trace?.traceparent)
      .set(headerNames.tracestate, entry.trace?.tracestate);
    publishMessage(this.#connection, { subject: entry.subject, reply: `${this.#inbox.subject}.${sequence}`, headers, text: entry.text });
  }

  #acknowledged(sequence: number, message: Msg): void {
    const text = message.string();
    // An empty payload is the server's word that no stream takes the subject; an error means it was not stored.
    if (text === '' || text.includes('"error"')) {
      if (this.#flowing)
        this.#log.error({ reason: text.slice(0, 200), source: this.#source }, 'event not stored; it will be published again');
      this.#flowing = false;
      return;
    }
    const { oldest } = this.#pending;
    if (!this.#pending.delete(sequence)) return; // the repeat of one that was stored already
    if (this.#pending.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    if (!this.#flowing && sequence === oldest) {
      this.#flowing = true;
      this.#sent = sequence;
    }
    this.#flow();
  }

  /** Finds a loss by the age of the oldest open event, and tries that one alone until it is stored. */
  #sweep(): void {
    const { oldest } = this.#pending;
    const entry = this.#pending.get(oldest);
    if (!this.#connected) return;
    if (entry === undefined) {
      this.#flowing = true;
      this.#flow();
      return;
    }
    if (this.#flowing && entry.publishedAt !== 0 && Date.now() - entry.publishedAt > resendAfterMs) this.#flowing = false;
    if (!this.#flowing) this.#send(oldest);
  }
}
