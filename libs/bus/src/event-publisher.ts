import type { EventPublisher, UnsequencedEvent } from './bus.ts';
import { EventFlow } from './event-flow.ts';
import type { EventChannel, EventWire } from './event-wire.ts';
import type { SpoolWriter } from './spool-writer.ts';
import { activeTraceContext } from './tracing.ts';

/** An event that is not stored after this long goes to disk, and all that follow it until the stream has caught up. */
const spoolAfterMs = 1_000;
/** The stream has caught up where nothing waits for longer than this. */
const caughtUpMs = 500;

export interface PublisherSurroundings {
  readonly wire: EventWire;
  /** None: events wait in memory only. */
  readonly spool: SpoolWriter | undefined;
  readonly clock: () => number;
  readonly log: { error(fields: object, message: string): void };
}

/**
 * Numbers the events of one source, publishes them in order and keeps each until the stream has stored it. Publishing never waits. While the
 * stream takes events nothing touches the disk; when the connection is lost, an event is refused, or one is not stored within
 * {@link spoolAfterMs}, all open events and those that come are appended to the spool, from where the next process of the service publishes them
 * if this one ends. What is kept is bounded by the caller, who sees {@link EventPublisher.unacknowledged}: an event is never dropped here.
 */
export class StreamEventPublisher implements EventPublisher {
  readonly #surroundings: PublisherSurroundings;
  readonly #source: string;
  readonly #channel: EventChannel;
  readonly #flow: EventFlow;
  #spooling = false;
  /** Events up to this number are in the spool, or stored. */
  #spooled = 0;
  #spoolFails = false;

  constructor(surroundings: PublisherSurroundings, source: string) {
    this.#surroundings = surroundings;
    this.#source = source;
    this.#channel = surroundings.wire.open(`event-${source.replaceAll(/[^A-Za-z0-9_-]/g, '-')}`, (number, refusal) => {
      if (refusal === undefined) this.#flow.acknowledge(number);
      else this.#refused(refusal);
    });
    this.#flow = new EventFlow({ send: this.#channel.send, clock: surroundings.clock });
  }

  get unacknowledged(): number {
    return this.#flow.size;
  }

  get isSafe(): boolean {
    return !this.#spoolFails;
  }

  publish(subject: string, event: UnsequencedEvent, trace = activeTraceContext()): void {
    const { clock, wire } = this.#surroundings;
    const now = clock();
    const text = JSON.stringify({
      specversion: '1.0',
      ...event,
      source: this.#source,
      time: new Date(now).toISOString(),
      datacontenttype: 'application/json',
      sequence: String(this.#flow.last + 1),
    });
    // Before it has a number: no server would ever take it, and all that follow would wait for it.
    if (text.length * 3 > wire.limitBytes && Buffer.byteLength(text) > wire.limitBytes)
      throw new Error(`an event of ${Buffer.byteLength(text)} bytes is larger than the server takes (${wire.limitBytes})`);
    this.#flow.give({ subject, id: event.id, text, trace, givenAt: now, sentAt: 0 });
    if (this.#spooling) this.#append();
    this.#flow.run();
  }

  async flush(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(resolve, timeoutMs, false);
    void this.#flow.idle().then(() => {
      resolve(true);
    });
    const stored = await promise;
    clearTimeout(timer);
    if (!stored && !this.keep()) throw new Error(`${this.#flow.size} events are not stored yet`);
  }

  /** Tells of the connection to the server. What is open when it is lost goes to disk at once. */
  setConnected(connected: boolean): void {
    if (!connected) this.#beginSpooling();
    this.#flow.setConnected(connected);
  }

  /**
   * Puts what is not stored on disk, at once: a process that is about to end calls it.
   * @returns whether nothing is lost if it ends now
   */
  keep(): boolean {
    if (this.#flow.size === 0) return true;
    this.#beginSpooling();
    return this.#surroundings.spool !== undefined && !this.#spoolFails;
  }

  close(): Promise<void> {
    const { spool, log } = this.#surroundings;
    if (!this.keep())
      log.error({ events: this.#flow.size, source: this.#source }, 'events are lost: neither stored nor spooled at the end');
    this.#channel.close();
    if (spool !== undefined) {
      this.#release(spool);
      spool.close();
    }
    return Promise.resolve();
  }

  /** To be called a few times a second: looks for lost events, tries the oldest while the stream does not take it, keeps spool and stream apart. */
  sweep(): void {
    const flow = this.#flow;
    flow.sweep();
    const { spool } = this.#surroundings;
    if (spool === undefined) return;
    if (!this.#spooling) {
      if (flow.oldestAgeMs > spoolAfterMs) this.#beginSpooling();
      else if (!spool.isEmpty) this.#release(spool);
      return;
    }
    this.#append(true);
    this.#release(spool);
    spool.sync();
    if (!flow.isFlowing || flow.oldestAgeMs > caughtUpMs) return;
    this.#spooling = false;
    this.#spoolFails = false;
  }

  #release(spool: SpoolWriter): void {
    try {
      spool.release(this.#flow.oldest);
    } catch (error) {
      this.#surroundings.log.error({ err: error }, 'a segment of the spool cannot be deleted; its events would be published again');
    }
  }

  #beginSpooling(): void {
    this.#spooling = this.#surroundings.spool !== undefined;
    this.#append();
  }

  /** Brings to disk what is open and not there yet. What fails is tried `again` by the sweep. */
  #append(again = false): void {
    const { spool, log } = this.#surroundings;
    if (spool === undefined || (this.#spoolFails && !again)) return;
    const { written, failure } = spool.append(this.#flow, Math.max(this.#spooled, this.#flow.oldest - 1));
    this.#spooled = written;
    const failed = failure !== undefined;
    if (failed && !this.#spoolFails)
      log.error({ err: failure, source: this.#source, unacknowledged: this.#flow.size }, 'events cannot be spooled; they wait in memory');
    this.#spoolFails = failed;
  }

  #refused(reason: string): void {
    if (this.#flow.isFlowing)
      this.#surroundings.log.error({ reason, source: this.#source }, 'event not stored; it will be published again');
    this.#flow.refuse();
    this.#beginSpooling();
  }
}
