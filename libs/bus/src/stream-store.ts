import { setTimeout as delay } from 'node:timers/promises';
import { DiscardPolicy, ErrorCode, NatsError, RetentionPolicy, StorageType, nanos, type JetStreamManager, type NatsConnection } from 'nats';
import type { StreamDefinition } from './bus.ts';
import type { BusLog } from './stage-surroundings.ts';

/** Replicas of every stream in a cluster: one server may go with nothing lost. */
const clusteredReplicas = 3;
/** How long JetStream may take to elect its leaders after the servers have started. */
const patienceMs = 30_000;
const retryPauseMs = 250;
/** How often more replicas are asked for where the cluster could not give them yet. */
const raiseMs = 60_000;

/** Pause before a stream that could not be looked at after an outage is looked at again. */
const restorePauseMs = 1_000;
/** JetStream's own codes: there is no such stream; one of that name stands with other settings; no leader at the moment. */
const streamNotFound = 10_059;
const streamNameInUse = 10_058;
const notAvailable = 10_008;
/** Fewer servers with JetStream than replicas were asked for, or some of them away. */
const tooFewServers: readonly (number | undefined)[] = [10_005, 10_023, 10_074];

type Make = (replicas: number, manager: JetStreamManager) => Promise<unknown>;

/** Makes streams, and sees to it that streams and buckets stay, and have as many replicas as they should. */
export class StreamStore {
  readonly #connection: NatsConnection;
  readonly #replicas: number | undefined;
  readonly #log: Pick<BusLog, 'warn'>;
  /** How each stream and bucket of this process is made. */
  readonly #made = new Map<string, Make>();
  /** Outages that have ended; negative once closed. */
  #outages = 0;
  /** Streams with fewer replicas than they should have. */
  readonly #short = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @param replicas of each stream; undefined: three in a cluster of three servers and more, else one */
  constructor(connection: NatsConnection, replicas: number | undefined, log: Pick<BusLog, 'warn'>) {
    this.#connection = connection;
    this.#replicas = replicas;
    this.#log = log;
  }

  /** Makes a stream, or brings one that is there in line. */
  ensure({ name, subjects, maxAgeMs, duplicateWindowMs }: StreamDefinition): Promise<void> {
    const settings = { subjects: [...subjects], max_age: nanos(maxAgeMs), duplicate_window: nanos(duplicateWindowMs) };
    const kind = { retention: RetentionPolicy.Limits, storage: StorageType.File, discard: DiscardPolicy.Old };
    return this.make(name, async (replicas, manager) => {
      try {
        await manager.streams.add({ name, ...settings, ...kind, num_replicas: replicas });
      } catch (error) {
        if (codeOf(error) !== streamNameInUse) throw error;
        await manager.streams.update(name, settings);
      }
    });
  }

  /**
   * Does what makes a stream where it is missing, with as many replicas as there should be; where the cluster cannot give them, with one, and
   * more are asked for from time to time. A stream that was there with fewer gets more. None is taken away.
   * @param name of the stream
   */
  async make<Result>(name: string, work: (replicas: number, manager: JetStreamManager) => Promise<Result>): Promise<Result> {
    this.#made.set(name, work);
    const wanted = this.#wanted;
    const result = await this.#patiently(async (manager) => {
      try {
        return await work(wanted, manager);
      } catch (error) {
        if (wanted === 1 || !tooFewServers.includes(codeOf(error))) throw error;
        return work(1, manager);
      }
    });
    if (wanted > 1) await this.#raise(name, wanted);
    return result;
  }

  /**
   * To be called after an outage: makes what is gone, for the server may have come back without its store. Nobody else would, as long as the
   * services run, and nothing could be published.
   */
  restore(): void {
    if (this.#outages < 0) return;
    this.#outages += 1;
    for (const [name, work] of this.#made) void this.#restore(name, work, this.#outages);
  }

  close(): void {
    this.#outages = -1;
    clearInterval(this.#timer);
  }

  get #isClustered(): boolean {
    return (this.#connection.info?.cluster ?? '') !== '';
  }

  get #wanted(): number {
    return this.#replicas ?? (this.#isClustered ? clusteredReplicas : 1);
  }

  async #restore(name: string, work: Make, outage: number): Promise<void> {
    for (let failures = 0; outage === this.#outages; failures += 1) {
      try {
        if (await this.#isGone(name)) {
          await this.make(name, work);
          this.#log.warn({ stream: name }, 'a stream was gone after an outage of NATS and is made anew, empty');
        }
        return;
      } catch (error) {
        if (failures === 0)
          this.#log.warn({ err: error, stream: name }, 'a stream cannot be looked at after an outage of NATS; trying again');
        await delay(restorePauseMs, undefined, { ref: false });
      }
    }
  }

  async #isGone(name: string): Promise<boolean> {
    try {
      await this.#patiently((manager) => manager.streams.info(name));
      return false;
    } catch (error) {
      if (codeOf(error) === streamNotFound) return true;
      throw error;
    }
  }

  async #raise(name: string, wanted: number): Promise<void> {
    try {
      await this.#patiently(async (manager) => {
        const { config } = await manager.streams.info(name);
        if (config.num_replicas < wanted) await manager.streams.update(name, { num_replicas: wanted });
      });
      this.#short.delete(name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#short.has(name))
        this.#log.warn({ stream: name, wanted, reason }, 'a stream has fewer replicas than it should; they are asked for again');
      this.#short.add(name);
      this.#timer ??= setInterval(() => void this.#raiseShort(), raiseMs).unref();
    }
  }

  async #raiseShort(): Promise<void> {
    for (const name of this.#short) await this.#raise(name, this.#wanted);
  }

  /** Does what asks JetStream, again and again while a cluster elects a leader; every other error ends it. */
  async #patiently<Result>(work: (manager: JetStreamManager) => Promise<Result>): Promise<Result> {
    const giveUpAt = Date.now() + patienceMs;
    for (;;) {
      try {
        return await work(await this.#connection.jetstreamManager({ checkAPI: false }));
      } catch (error) {
        if (!this.#isClustered || !isElecting(error) || Date.now() > giveUpAt) throw error;
        await delay(retryPauseMs);
      }
    }
  }
}

/** Until there is a leader a server says so, or says nothing, or is not even asked. */
function isElecting(error: unknown): boolean {
  const code = error instanceof NatsError ? error.code : '';
  const silent: string[] = [ErrorCode.Timeout, ErrorCode.NoResponders, ErrorCode.JetStreamNotEnabled];
  return codeOf(error) === notAvailable || silent.includes(code);
}

function codeOf(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}
