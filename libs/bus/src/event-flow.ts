import type { OutgoingEvent } from './spool-record.ts';
import { SequenceWindow } from './sequence-window.ts';

/** An event not acknowledged for this long counts as lost on the way; the stream drops a repeat by its id. */
const resendAfterMs = 2_000;
/** Events under way without an acknowledgement; more wait, so that a long outage ends in a steady flow. */
const windowEvents = 2_000;

/** An event on its way to the stream. */
export interface FlowingEvent extends OutgoingEvent {
  /** Epoch ms at which it was given to the flow. */
  readonly givenAt: number;
  /** Epoch ms at which it was last sent; 0 before. */
  sentAt: number;
}

export interface EventFlowOptions {
  /** Sends one event; {@link EventFlow.acknowledge} or {@link EventFlow.refuse} tells of it by this number. */
  readonly send: (number: number, event: FlowingEvent) => void;
  readonly clock: () => number;
}

/**
 * Events of one source in order, each kept until the stream has stored it. After a loss only the oldest open event is sent until the stream
 * takes it, then the others in their order: so what one source says stays in order over an outage. It knows neither NATS nor disk.
 */
export class EventFlow {
  readonly #options: EventFlowOptions;
  readonly #open = new SequenceWindow<FlowingEvent>();
  /** Number of the last one sent since the flow began anew. */
  #sent = 0;
  #connected = true;
  /** False after a loss, until the oldest open event is stored. */
  #flowing = true;
  #idle: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(options: EventFlowOptions) {
    this.#options = options;
  }

  /** Events not stored yet. */
  get size(): number {
    return this.#open.size;
  }

  /** Number of the newest event; the first is 1. */
  get last(): number {
    return this.#open.last;
  }

  /** Number of the oldest event that is not stored; one above {@link last} where all are. */
  get oldest(): number {
    return this.#open.oldest;
  }

  /** Whether events are taken in the order in which they come, as far as is known. */
  get isFlowing(): boolean {
    return this.#connected && this.#flowing;
  }

  /** How long ago the oldest open event was given; 0 where none is open. */
  get oldestAgeMs(): number {
    const oldest = this.#open.get(this.#open.oldest);
    return oldest === undefined ? 0 : this.#options.clock() - oldest.givenAt;
  }

  get(number: number): FlowingEvent | undefined {
    return this.#open.get(number);
  }

  /** Takes an event; it is sent by {@link run}. */
  give(event: FlowingEvent): void {
    this.#open.push(event);
  }

  /** Sends what has not been sent, in order, as far as the window allows. */
  run(): void {
    while (this.#flowing && this.#connected && this.#sent < this.#open.last) {
      if (this.#sent + 1 - this.#open.oldest >= windowEvents) return;
      this.#sent += 1;
      this.#send(this.#sent);
    }
  }

  /** The stream has stored it, now or before. */
  acknowledge(number: number): void {
    const { oldest } = this.#open;
    if (!this.#open.delete(number)) return; // the repeat of one that was stored already
    if (this.#open.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
    if (!this.#flowing && number === oldest) {
      this.#flowing = true;
      this.#sent = number;
    }
    this.run();
  }

  /** The stream did not take an event. */
  refuse(): void {
    this.#flowing = false;
  }

  /** The client drops what it holds when it reconnects, so nothing is handed to it while the server is away. */
  setConnected(connected: boolean): void {
    this.#connected = connected;
    this.#flowing = false;
    if (connected) this.sweep();
  }

  /** To be called now and then: finds a loss by the age of the oldest open event, and tries that one alone until it is stored. */
  sweep(): void {
    if (!this.#connected) return;
    const { oldest } = this.#open;
    const event = this.#open.get(oldest);
    if (event === undefined) {
      this.#flowing = true;
      this.run();
      return;
    }
    if (this.#flowing && event.sentAt !== 0 && this.#options.clock() - event.sentAt > resendAfterMs) this.#flowing = false;
    if (!this.#flowing) this.#send(oldest);
  }

  /** Resolves once nothing is open. */
  idle(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  #send(number: number): void {
    const event = this.#open.get(number);
    if (event === undefined) return;
    event.sentAt = this.#options.clock();
    this.#options.send(number, event);
  }
}
