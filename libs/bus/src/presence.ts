import { presenceSchema, subjects, type Presence } from '@sluice/contracts';
import type { NatsConnection } from 'nats';
import type { PresenceTable } from './bus.ts';

export const heartbeatMs = 1_000;
/** Heartbeats missed before an instance counts as gone: longer than a crashed service needs to be back. */
export const presenceTimeoutMs = 5_000;
const sweepMs = 500;

interface Sighting {
  readonly presence: Presence;
  readonly seenAt: number;
}

/**
 * Who is alive, from heartbeats. A stage is live until its last instance has been silent for {@link presenceTimeoutMs}
 * or said that it leaves; so a stage that restarts at once costs requests a delay, and one that stays away a refusal.
 */
export class HeartbeatTable implements PresenceTable {
  readonly #stages = new Map<string, Map<string, Sighting>>();
  readonly #listeners: ((stage: string, instance: string, live: boolean) => void)[] = [];
  readonly #sweeper: NodeJS.Timeout;
  readonly #unsubscribe: () => void;

  constructor(connection: NatsConnection) {
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

  onChange(listener: (stage: string, instance: string, live: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** After an outage of the server all were silent; nobody is blamed for that. */
  forgive(): void {
    const seenAt = Date.now();
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
      this.#remove(stage, presence.instance);
      return;
    }
    let instances = this.#stages.get(stage);
    if (instances === undefined) this.#stages.set(stage, (instances = new Map<string, Sighting>()));
    const isNew = !instances.has(presence.instance);
    instances.set(presence.instance, { presence, seenAt: Date.now() });
    if (isNew) this.#tell(stage, presence.instance, true);
  }

  #sweep(): void {
    const oldest = Date.now() - presenceTimeoutMs;
    for (const [stage, instances] of this.#stages) {
      for (const [id, sighting] of instances) if (sighting.seenAt < oldest) this.#remove(stage, id);
    }
  }

  #remove(stage: string, instance: string): void {
    const instances = this.#stages.get(stage);
    if (instances?.delete(instance) !== true) return;
    if (instances.size === 0) this.#stages.delete(stage);
    this.#tell(stage, instance, false);
  }

  #tell(stage: string, instance: string, live: boolean): void {
    for (const listener of this.#listeners) listener(stage, instance, live);
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
