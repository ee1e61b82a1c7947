import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EventFlow } from './event-flow.ts';
import type { AbandonedSpool, EventSpool } from './event-spool.ts';
import type { EventWire } from './event-wire.ts';
import { readSegment, type OutgoingEvent } from './spool-record.ts';
import type { BusLog } from './stage-surroundings.ts';

/** Spools taken over at once; the others wait for their turn. */
const spoolLimit = 4;
/** Events of one source under way at once. */
const openEvents = 500;
/** How often lost ones are looked for. */
const sweepMs = 250;

export interface ResumerSurroundings {
  readonly spool: EventSpool;
  readonly wire: EventWire;
  readonly clock: () => number;
  /** How often spools of ended processes are looked for after the start. */
  readonly lookMs: number;
  readonly log: BusLog & { info(fields: object, message: string): void };
}

/**
 * Publishes what ended processes of the same service left in their spools: each event as it was, under its own source, id and sequence, and
 * the events of one source in their order. What the stream had stored already it drops by the id, or the ledger does after the stream has
 * forgotten it. A segment is deleted once all its events are stored.
 */
export class SpoolResumer {
  readonly #surroundings: ResumerSurroundings;
  readonly #timer: NodeJS.Timeout;
  readonly #stopped = new AbortController();
  readonly #flows = new Set<EventFlow>();
  readonly #resuming = new Set<Promise<void>>();
  /** Instances with a segment of another version; the next process tries. */
  readonly #unreadable = new Set<string>();
  /** Instances whose spool could not be published just now. */
  readonly #failed = new Set<string>();
  #connected = true;
  #opened = 0;

  constructor(surroundings: ResumerSurroundings) {
    this.#surroundings = surroundings;
    this.#timer = setInterval(() => {
      this.#failed.clear();
      this.#look();
    }, surroundings.lookMs).unref();
    this.#look();
  }

  setConnected(connected: boolean): void {
    this.#connected = connected;
    for (const flow of this.#flows) flow.setConnected(connected);
  }

  /** Stops; what is not stored stays in its spool, for the next process. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopped.abort();
    await Promise.all(this.#resuming);
  }

  #look(): void {
    if (this.#stopped.signal.aborted) return;
    const { spool, log } = this.#surroundings;
    try {
      for (const abandoned of spool.takeAbandoned(spoolLimit - this.#resuming.size, this.#unreadable.union(this.#failed))) {
        const resuming = this.#resumeAll(abandoned).then(() => {
          this.#resuming.delete(resuming);
          this.#look();
        });
        this.#resuming.add(resuming);
      }
    } catch (error) {
      log.error({ err: error }, 'spools of ended processes cannot be looked for');
    }
  }

  /** Never rejects: what could not be published is found again. */
  async #resumeAll(abandoned: AbandonedSpool): Promise<void> {
    const { log } = this.#surroundings;
    const { instance } = abandoned;
    try {
      await this.#resume(abandoned);
    } catch (error) {
      this.#failed.add(instance);
      if (!this.#stopped.signal.aborted) log.error({ err: error, instance }, 'a spool could not be published; it is tried again');
    }
    try {
      abandoned.giveBack();
    } catch (error) {
      log.error({ err: error, instance }, 'the folder of a spool cannot be removed');
    }
  }

  async #resume({ instance, folder, segments }: AbandonedSpool): Promise<void> {
    const { log } = this.#surroundings;
    log.info({ instance, publishers: [...segments.keys()] }, 'publishing the events that an ended process left behind');
    const counts = await Promise.all(
      [...segments.values()].map((names) =>
        this.#resumeSource(
          names.map((name) => join(folder, name)),
          () => this.#unreadable.add(instance),
        ),
      ),
    );
    log.info(
      { instance, events: counts.reduce((sum, count) => sum + count, 0) },
      'the events that an ended process left behind are stored',
    );
  }

  /** @returns how many events there were */
  async #resumeSource(segments: readonly string[], unreadable: () => void): Promise<number> {
    const { wire, clock, log } = this.#surroundings;
    this.#opened += 1;
    const channel = wire.open(`resumed-${this.#opened}`, (number, refusal) => {
      if (refusal === undefined) flow.acknowledge(number);
      else {
        if (flow.isFlowing) log.error({ reason: refusal }, 'event of an ended process not stored; it will be published again');
        flow.refuse();
      }
    });
    const flow = new EventFlow({ send: channel.send, clock });
    flow.setConnected(this.#connected);
    this.#flows.add(flow);
    let count = 0;
    try {
      for (const segment of segments) {
        const events = await this.#read(segment);
        if (events === undefined) {
          unreadable();
          continue;
        }
        await this.#publish(flow, events);
        count += events.length;
        await rm(segment, { force: true });
      }
      return count;
    } finally {
      this.#flows.delete(flow);
      channel.close();
    }
  }

  async #read(segment: string): Promise<readonly OutgoingEvent[] | undefined> {
    const { log } = this.#surroundings;
    const read = readSegment(await readFile(segment));
    if (read === undefined) log.error({ segment }, 'a segment of the spool is of another version; it stays as it is');
    else if (read.tornBytes > 0)
      log.warn({ segment, tornBytes: read.tornBytes, events: read.events.length }, 'a segment of the spool ends in a write that was torn');
    return read?.events;
  }

  async #publish(flow: EventFlow, events: readonly OutgoingEvent[]): Promise<void> {
    const { signal } = this.#stopped;
    for (let next = 0; next < events.length; next += openEvents) {
      const givenAt = this.#surroundings.clock();
      for (const event of events.slice(next, next + openEvents)) flow.give({ ...event, givenAt, sentAt: 0 });
      flow.run();
      while (flow.size > 0) {
        await Promise.race([flow.idle(), delay(sweepMs, undefined, { signal })]);
        flow.sweep();
      }
    }
  }
}
