import { headers as headerNames } from '@sluice/contracts';
import type { Msg, NatsConnection } from 'nats';
import type { EventPublisher, TraceContext, UnsequencedEvent } from './bus.ts';
import { HeaderBlock } from './header-block.ts';
import type { Inbox } from './inbox.ts';
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
  readonly payload: Uint8Array;
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
  readonly #inbox: Inbox;
  readonly #source: string;
  readonly #token: string;
  readonly #log: { error(fields: object, message: string): void };
  /** By sequence, in order of publication: a Map iterates as it was filled. */
  readonly #pending = new Map<number, Pending>();
  readonly #sweeper: NodeJS.Timeout;
  /** Last number given to an event, and last one sent since the flow began anew. */
  #sequence = 0;
  #sent = 0;
  #connected = true;
  /** False after a loss, until the oldest open event is stored. */
  #flowing = true;
  #idle: (() => void)[] = [];

  constructor(connection: NatsConnection, inbox: Inbox, source: string, log: { error(fields: object, message: string): void }) {
    this.#connection = connection;
    this.#inbox = inbox;
    this.#source = source;
    this.#token = `event-${source.replaceAll(/[^A-Za-z0-9_-]/g, '-')}-`;
    this.#log = log;
    this.#sweeper = setInterval(() => {
      this.#sweep();
    }, sweepMs).unref();
  }

  get unacknowledged(): number {
    return this.#pending.size;
  }

  publish(subject: string, event: UnsequencedEvent, trace = activeTraceContext()): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    const complete = {
      specversion: '1.0',
      ...event,
      source: this.#source,
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      sequence: String(sequence),
    };
    this.#pending.set(sequence, { subject, id: event.id, payload: Buffer.from(JSON.stringify(complete)), publishedAt: 0, trace });
    this.#inbox.open(this.#token + String(sequence), (message) => {
      this.#acknowledged(sequence, message);
    });
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
    while (this.#flowing && this.#connected && this.#sent < this.#sequence) {
      const oldest = this.#oldest() ?? this.#sequence;
      if (this.#sent + 1 - oldest >= windowEvents) return;
      this.#sent += 1;
      this.#send(this.#sent);
    }
  }

  #oldest(): number | undefined {
    return this.#pending.keys().next().value;
  }

  #send(sequence: number): void {
    const entry = this.#pending.get(sequence);
    if (entry === undefined || this.#connection.isClosed()) return;
    entry.publishedAt = Date.now();
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
      if (this.#flowing)
        this.#log.error({ reason: text.slice(0, 200), source: this.#source }, 'event not stored; it will be published again');
      this.#flowing = false;
      return;
    }
    const oldest = this.#oldest();
    if (!this.#pending.delete(sequence)) return; // the repeat of one that was stored already
    this.#inbox.close(this.#token + String(sequence));
    if (this.#pending.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    if (!this.#flowing && sequence === oldest) {
      this.#flowing = true;
      this.#sent = sequence;
    }
    this.#flow();
  }

  /** Finds a loss by the age of the oldest open event, and tries that one alone until it is stored. */
  #sweep(): void {
    const oldest = this.#oldest();
    const entry = oldest === undefined ? undefined : this.#pending.get(oldest);
    if (!this.#connected) return;
    if (oldest === undefined || entry === undefined) {
      this.#flowing = true;
      this.#flow();
      return;
    }
    if (this.#flowing && entry.publishedAt !== 0 && Date.now() - entry.publishedAt > resendAfterMs) this.#flowing = false;
    if (!this.#flowing) this.#send(oldest);
  }
}
