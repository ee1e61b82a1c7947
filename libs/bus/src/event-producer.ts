import type { BusOptions } from './bus-options.ts';
import type { EventPublisher } from './bus.ts';
import { StreamEventPublisher } from './event-publisher.ts';
import { EventSpool } from './event-spool.ts';
import type { EventWire } from './event-wire.ts';
import { SpoolResumer } from './spool-resumer.ts';

/** How often lost events are looked for, what stands in the spool is synced, and the oldest event is tried while the stream does not take it. */
const sweepMs = 250;
/** How often spools of ended processes are looked for. */
const lookMs = 10_000;
/** How long a stopping process waits for the stream before what is open stays in the spool. */
const closeFlushMs = 2_000;

/** The publishers of one process and their spool, which is opened with the first of them. */
export class EventProducer {
  readonly #wire: EventWire;
  readonly #instance: string;
  readonly #options: Pick<BusOptions, 'service' | 'spool' | 'log'>;
  readonly #publishers: StreamEventPublisher[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #spool: EventSpool | undefined;
  #resumer: SpoolResumer | undefined;
  #connected = true;

  constructor(wire: EventWire, instance: string, options: Pick<BusOptions, 'service' | 'spool' | 'log'>) {
    this.#wire = wire;
    this.#instance = instance;
    this.#options = options;
    this.#sweeper = setInterval(() => {
      for (const publisher of this.#publishers) publisher.sweep();
    }, sweepMs).unref();
  }

  /** @throws Error where the spool cannot be opened */
  publisher(name: string): EventPublisher {
    const { log } = this.#options;
    this.#openSpool();
    const publisher = new StreamEventPublisher(
      { wire: this.#wire, spool: this.#spool?.writer(name), clock: Date.now, log },
      `sluice/${name}/${this.#instance}`,
    );
    if (!this.#connected) publisher.setConnected(false);
    this.#publishers.push(publisher);
    return publisher;
  }

  setConnected(connected: boolean): void {
    this.#connected = connected;
    for (const publisher of this.#publishers) publisher.setConnected(connected);
    this.#resumer?.setConnected(connected);
  }

  get spooledBytes(): number {
    return this.#spool?.bytes ?? 0;
  }

  /** See {@link Bus.keepEvents}. */
  keep(): void {
    for (const publisher of this.#publishers) publisher.keep();
  }

  async close(): Promise<void> {
    await this.#resumer?.close();
    const waitMs = this.#connected ? closeFlushMs : 0;
    await Promise.all(this.#publishers.map((publisher) => publisher.flush(waitMs).catch(() => undefined)));
    clearInterval(this.#sweeper);
    await Promise.all(this.#publishers.map((publisher) => publisher.close()));
    this.#spool?.close();
  }

  #openSpool(): void {
    const { spool, service, log } = this.#options;
    if (spool === undefined || this.#spool !== undefined) return;
    this.#spool = new EventSpool(spool, service, this.#instance, log);
    this.#resumer = new SpoolResumer({ spool: this.#spool, wire: this.#wire, clock: Date.now, lookMs, log });
    this.#resumer.setConnected(this.#connected);
  }
}
