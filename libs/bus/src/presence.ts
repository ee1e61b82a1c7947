import { presenceSchema, subjects, type Presence } from '@sluice/contracts';
import type { NatsConnection } from 'nats';
import type { PresenceTable } from './bus.ts';
import type { BusLog } from './stage-surroundings.ts';

export const heartbeatMs = 1_000;
/** Heartbeats missed before an instance counts as gone: longer than a crashed service needs to be back. */
export const presenceTimeoutMs = 5_000;
const sweepMs = 500;
/** Instances remembered over all stages; anyone may publish presence, so a flood must not grow the table. */
const instanceLimit = 4_096;

interface Sighting {
  readonly presence: Presence;
  readonly seenAt: number;
}

/**
 * Who is alive, from heartbeats. A stage is live until its last instance has been silent for {@link presenceTimeoutMs}
 * or said that it leaves (it then {@link HeartbeatTable.isRunning | runs} on until it is silent); so a stage that restarts at once costs requests a delay, and one that stays away a refusal.
 */
export class HeartbeatTable implements PresenceTable {
  readonly #stages = new Map<string, Map<string, Sighting>>();
  /** Instances that said they leave: no new request, but they end what they hold. */
  readonly #leaving = new Map<string, number>();
  /** How many stages an instance serves. */
  readonly #running = new Map<string, number>();
  readonly #listeners: ((stage: string, instance: string, live: boolean) => void)[] = [];
  readonly #sweeper: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  readonly #log: Pick<BusLog, 'error'>;
  readonly #clock: () => number;

  constructor(connection: NatsConnection, log: Pick<BusLog, 'error'>, clock: () => number = Date.now) {
    this.#log = log;
    this.#clock = clock;
    const prefixLength = subjects.presence('').length;
    const subscription = connection.subscribe(subjects.anyPresence, {
      callback: (error, message) => {
        if (error !== null) return;
        this.#hear(message.subject.slice(prefixLength), message.data);
      },
    });
    this.#unsubscribe = () => {
      subscription.unsubscribe();
    };
    this.#sweeper = setInterval(() => {
      this.#sweep();
    }, sweepMs).unref();
  }

  isLive(stage: string): boolean {
    return this.#stages.has(stage);
  }

  instances(stage: string): readonly Presence[] {
    return [...(this.#stages.get(stage)?.values() ?? [])].map((sighting) => sighting.presence);
  }

  stages(): readonly string[] {
    return [...this.#stages.keys()];
  }

  isRunning(instance: string): boolean {
    return this.#running.has(instance) || this.#leaving.has(instance);
  }

  onChange(listener: (stage: string, instance: string, live: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** After an outage of the server all were silent; nobody is blamed for that. */
  forgive(): void {
    const seenAt = this.#clock();
    for (const id of this.#leaving.keys()) this.#leaving.set(id, seenAt);
    for (const instances of this.#stages.values()) {
      for (const [id, sighting] of instances) instances.set(id, { presence: sighting.presence, seenAt });
    }
  }

  close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#unsubscribe();
    return Promise.resolve();
  }

  #hear(stage: string, data: Uint8Array): void {
    const presence = parsePresence(data);
    if (presence === undefined) return;
    if (presence.leaving === true) {
      if (this.isRunning(presence.instance)) this.#leaving.set(presence.instance, this.#clock());
      this.#remove(stage, presence.instance);
      return;
    }
    let instances = this.#stages.get(stage);
    const isNew = instances?.has(presence.instance) !== true;
    if (isNew && this.#running.size >= instanceLimit) return;
    if (instances === undefined) this.#stages.set(stage, (instances = new Map<string, Sighting>()));
    instances.set(presence.instance, { presence, seenAt: this.#clock() });
    if (!isNew) return;
    this.#running.set(presence.instance, (this.#running.get(presence.instance) ?? 0) + 1);
    this.#tell(stage, presence.instance, true);
  }

  #sweep(): void {
    const oldest = this.#clock() - presenceTimeoutMs;
    for (const [id, seenAt] of this.#leaving) if (seenAt < oldest) this.#leaving.delete(id);
    for (const [stage, instances] of this.#stages) {
      for (const [id, sighting] of instances) if (sighting.seenAt < oldest) this.#remove(stage, id);
    }
  }

  #remove(stage: string, instance: string): void {
    const instances = this.#stages.get(stage);
    if (instances?.delete(instance) !== true) return;
    if (instances.size === 0) this.#stages.delete(stage);
    const served = (this.#running.get(instance) ?? 1) - 1;
    if (served > 0) this.#running.set(instance, served);
    else this.#running.delete(instance);
    this.#tell(stage, instance, false);
  }

  #tell(stage: string, instance: string, live: boolean): void {
    for (const listener of this.#listeners) {
      try {
        listener(stage, instance, live);
      } catch (thrown) {
        this.#log.error({ err: thrown, stage }, 'a listener of presence failed'); // thrown on, it would end the client's reader
      }
    }
  }
}

/** Anyone may publish here, so what comes is checked. */
function parsePresence(data: Uint8Array): Presence | undefined {
  try {
    return presenceSchema.safeParse(JSON.parse(Buffer.from(data).toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
