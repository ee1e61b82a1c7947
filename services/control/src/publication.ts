import type { KeyValue } from '@sluice/bus';
import { configurationKey } from '@sluice/contracts';
import { z } from 'zod';
import type { Active } from './active.ts';

/** Other replicas that publish at the same time; each of them brings the bucket forward, so more is no race but a fault. */
const conflictLimit = 16;

const publishedSchema = z.object({ activatedAt: z.string() });

type Publishable = Pick<Active, 'activatedAt' | 'snapshot'>;

export interface PublicationOptions {
  /** Opens the bucket anew for each publication: a NATS server that lost its store has none. */
  readonly openBucket: () => Promise<KeyValue>;
  /** What is in force now. */
  readonly active: () => Publishable | undefined;
}

/**
 * Brings the bucket to what is in force, and never back: a snapshot takes the place of an earlier one only, by `activatedAt`, which
 * Postgres gave, and only while the bucket still holds what was looked at. So neither a slow replica nor a message that was
 * long on its way can undo what another has published.
 */
export class Publication {
  readonly #options: PublicationOptions;
  /** Time of the state that the bucket is known to hold. */
  #published: string | undefined;
  #running: Promise<string | undefined> | undefined;

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  /** The bucket may have lost what it held. */
  forget(): void {
    this.#published = undefined;
  }

  /**
   * Publishes what is in force once the call comes, or later.
   * @returns where the bucket holds a later state: its time
   */
  run(): Promise<string | undefined> {
    if (this.#running === undefined && this.#isPublished) return Promise.resolve(undefined);
    this.#running ??= this.#publish();
    return this.#running;
  }

  get #isPublished(): boolean {
    const active = this.#options.active();
    return active === undefined || active.activatedAt === this.#published;
  }

  async #publish(): Promise<string | undefined> {
    try {
      const bucket = await this.#options.openBucket();
      for (let conflicts = 0; conflicts < conflictLimit;) {
        const active = this.#options.active();
        if (active === undefined || this.#isPublished) return undefined;
        const entry = await bucket.entry(configurationKey);
        const held = entry === undefined ? undefined : activatedAtOf(entry.value);
        if (held !== undefined && held > active.activatedAt) return held;
        if (held === active.activatedAt || (await bucket.replace(configurationKey, active.snapshot, entry?.revision)))
          this.#published = active.activatedAt;
        else conflicts += 1;
      }
      throw new Error(`the configuration was published by others ${conflictLimit} times meanwhile`);
    } finally {
      this.#running = undefined; // in the same turn as the last look at what is in force: who comes later begins anew
    }
  }
}

/** Undefined for what is no snapshot: it is replaced. */
function activatedAtOf(value: Uint8Array): string | undefined {
  try {
    return publishedSchema.safeParse(JSON.parse(Buffer.from(value).toString())).data?.activatedAt;
  } catch {
    return undefined;
  }
}
