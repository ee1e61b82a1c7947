/** What the specs of this folder share: one cache without the bus, and requests to it. */
import { Body, type Outcome, type StageContext } from '@sluice/bus';
import { configurationSchema, type CacheStore, type Envelope, type Found, type Snapshot } from '@sluice/contracts';
import { openDatabase } from '@sluice/database';
import type { Embedder } from '@sluice/embedding';
import { sampleEnvelope } from '@sluice/testing';
import { Registry } from 'prom-client';
import { openCache, type Cache } from './open-cache.ts';
import { settingsSchema } from './settings.ts';

export type Members = Record<string, unknown>;

export const question = (content: string, more: Members = {}): Members => ({
  model: 'sim',
  messages: [{ role: 'user', content }],
  ...more,
});

export function completion(content: string, message: Members = {}, finishReason = 'stop'): Members {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'sim-1',
    choices: [{ index: 0, message: { role: 'assistant', content, ...message }, finish_reason: finishReason }],
    usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
  };
}

export function snapshot(cache: Members = {}, policy: Members = {}): Snapshot {
  const parsed = configurationSchema.parse({
    version: 1,
    models: [
      { name: 'sim', targets: [{ provider: 'simulated', model: 'sim-1' }] },
      {
        name: 'tiered',
        targets: [
          { provider: 'simulated', model: 'sim-2', when: { tags: { tier: ['gold'] }, users: ['ann'] } },
          { provider: 'simulated', model: 'sim-1' },
        ],
      },
    ],
    policies: [
      { name: 'default', cache, ...policy },
      { name: 'other', cache },
    ],
  });
  const { providers, models, policies } = parsed;
  return { version: 1, activatedAt: '2026-01-01T00:00:00.000Z', providers, models, policies, organizations: [], keys: [] };
}

export interface CacheUnderTest {
  readonly cache: Cache;
  readonly warnings: string[];
  readonly announced: Uint8Array[];
  readonly metrics: Registry;
  /** Milliseconds added to the clock. */
  advance(milliseconds: number): void;
  ask(body: Members, patch?: Partial<Envelope>): Promise<Outcome>;
  /** Asks, and stores the answer as ingress would. */
  teach(body: Members, answer: Members, patch?: Partial<Envelope>, message?: Partial<CacheStore>): Promise<void>;
  close(): Promise<void>;
}

export interface UnderTestOptions {
  readonly cache?: Members;
  readonly environment?: Record<string, string>;
  readonly embedder?: Embedder;
  /** `false` leaves the schema unprepared, as while Postgres is away. */
  readonly prepare?: boolean;
}

/** The stage uses nothing of its context. */
const context: StageContext = {
  attempt: 1,
  deadline: Number.MAX_SAFE_INTEGER,
  instance: 'cache-test',
  signal: new AbortController().signal,
  remaining: ['router'],
  claimRequired: false,
  unmask: () => undefined,
  accepted: () => undefined,
  claim: () => Promise.resolve(true),
};

export async function openCacheUnderTest(url: string, options: UnderTestOptions = {}): Promise<CacheUnderTest> {
  const database = openDatabase({ url, applicationName: 'cache-test', connectTimeoutMs: 1_000 });
  let offset = 0;
  const clock = (): number => Date.now() + offset;
  const warnings: string[] = [];
  const announced: Uint8Array[] = [];
  const metrics = new Registry();
  const cache = openCache({
    settings: settingsSchema.parse({ DATABASE_URL: url, ...options.environment }),
    database,
    snapshot: snapshot(options.cache ?? { semantic: false }),
    createEmbedder: () => options.embedder ?? tableEmbedder({}),
    announce: (bytes) => announced.push(bytes),
    log: { warn: (_, message) => warnings.push(message), info: () => undefined },
    metrics,
    clock,
  });
  if (options.prepare !== false) await cache.prepare(5_000);
  const ask = async (body: Members, patch: Partial<Envelope> = {}): Promise<Outcome> =>
    cache.stage.handle({ envelope: sampleEnvelope(patch), body: Body.of(Buffer.from(JSON.stringify(body))) }, context);
  return {
    cache,
    warnings,
    announced,
    metrics,
    advance: (milliseconds) => {
      offset += milliseconds;
    },
    ask,
    async teach(body, answer, patch = {}, message = {}) {
      const found = foundOf(await ask(body, patch));
      const { principal, dialect, model } = sampleEnvelope(patch);
      const store: CacheStore = {
        key: found?.storeKey ?? 'none',
        ttlSeconds: found?.ttlSeconds ?? 0,
        organization: principal.organization,
        team: principal.team,
        dialect,
        model,
        provider: 'simulated',
        providerModel: 'sim-1',
        finishReason: 'stop',
        usage: { input: 5, output: 7 },
        costNanoUsd: '1500',
        storedAt: clock(),
        ...(found?.ticket === undefined ? {} : { ticket: found.ticket }),
        ...message,
      };
      await cache.store(store, Body.of(Buffer.from(JSON.stringify(answer))));
    },
    async close() {
      await cache.close();
      await database.close();
    },
  };
}

/** What the stage found, whatever way the request took. */
export function foundOf(outcome: Outcome): Found['cache'] {
  const found = outcome.kind === 'forward' || outcome.kind === 'reply' ? outcome.found : undefined;
  return found as Found['cache']; // the stage writes nothing else under its name
}

/** An encoder whose vectors the spec writes down: texts in the table are near where their numbers are. */
export function tableEmbedder(angles: Readonly<Record<string, number>>): Embedder {
  const vector = (text: string): Float32Array => {
    const angle = angles[text] ?? Math.PI / 2;
    return Float32Array.from({ length: 512 }, (_, index) => (index === 0 ? Math.cos(angle) : index === 1 ? Math.sin(angle) : 0));
  };
  return { dimensions: 512, embed: (texts) => Promise.resolve(texts.map(vector)), close: () => Promise.resolve() };
}
