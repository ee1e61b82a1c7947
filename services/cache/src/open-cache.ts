import { randomBytes } from 'node:crypto';
import type { Body, Stage } from '@sluice/bus';
import type { CacheStore, Snapshot } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { Embedder } from '@sluice/embedding';
import type { Registry } from 'prom-client';
import { acceptStore } from './accept-store.ts';
import { decodeAnnouncement, encodeAnnouncement, type Announcement } from './announcement.ts';
import { AnswerMemory } from './answer-memory.ts';
import { EntryStore } from './entry-store.ts';
import { EntryWriter } from './entry-writer.ts';
import { ExactCache } from './exact-cache.ts';
import { KeyRegistry } from './key-registry.ts';
import { LookupBatcher } from './lookup-batcher.ts';
import { createCacheMetrics } from './metrics.ts';
import { PolicyTable } from './policy-table.ts';
import { prepareSchema } from './prepare-schema.ts';
import { fixedThreshold } from './semantic/acceptance.ts';
import { PgvectorIndex } from './semantic/pgvector-index.ts';
import { SemanticCache } from './semantic/semantic-cache.ts';
import type { CacheSettings } from './settings.ts';
import { createStage } from './stage.ts';
import { sweep } from './sweep.ts';

export interface CacheDependencies {
  readonly settings: CacheSettings;
  readonly database: Database;
  readonly snapshot: Snapshot;
  /** Made only where the vector extension exists; loads its model with the first text. */
  readonly createEmbedder: (onRun: (milliseconds: number) => void) => Embedder;
  /** Sends to the other replicas. */
  readonly announce: (bytes: Uint8Array) => void;
  readonly log: { warn(details: object, message: string): void; info(details: object, message: string): void };
  readonly metrics: Registry;
  readonly clock: () => number;
}

/** The cache of one process, without the bus. */
export interface Cache {
  readonly stage: Stage;
  store(store: CacheStore, body: Body): Promise<void>;
  hear(announcement: Uint8Array): void;
  replaceSnapshot(snapshot: Snapshot): void;
  /** Applies migrations and loads the key filters; false where Postgres is away: to be called again. */
  prepare(waitMs: number): Promise<boolean>;
  /** Deletes what expired, and loads a worn filter anew. Never rejects. */
  maintain(): Promise<void>;
  /** Loads the filters anew: announcements may have been missed. Never rejects. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** Builds every part of the cache; no statement runs before {@link Cache.prepare}. */
export function openCache({
  settings,
  database,
  snapshot,
  createEmbedder,
  announce,
  log,
  metrics: registry,
  clock,
}: CacheDependencies): Cache {
  const sender = randomBytes(16).toString('hex');
  const tell = (kind: Announcement['kind'], keys: readonly Buffer[]): void => {
    announce(encodeAnnouncement({ kind, sender, keys }));
  };
  const memory = new AnswerMemory(settings.SLUICE_CACHE_MEMORY_ENTRIES, settings.SLUICE_CACHE_MEMORY_BYTES);
  const metrics = createCacheMetrics(registry, () => ({ memoryBytes: memory.bytes, queued: writer.queued }));
  const failure = (operation: Parameters<typeof metrics.databaseFailure>[0]) => (error: unknown) => {
    metrics.databaseFailure(operation);
    log.warn({ err: error, operation }, 'Postgres failed; the cache goes on without it');
  };
  const entries = new EntryStore(database);
  const keys = new KeyRegistry({
    capacity: settings.SLUICE_CACHE_MAX_ENTRIES,
    keys: () => entries.keys(clock()),
    onFailure: failure('filter'),
  });
  const batcher = new LookupBatcher({
    find: (wanted, now) => entries.find(wanted, now),
    clock,
    timeoutMs: settings.SLUICE_CACHE_LOOKUP_TIMEOUT_MS,
    onFailure: failure('lookup'),
  });
  const writer = new EntryWriter({
    insert: (rows) => entries.insert(rows),
    onWritten: (rows) => {
      metrics.stored(rows.length);
      tell(
        'entries',
        rows.map(({ key }) => key),
      );
    },
    onDropped: (count) => {
      metrics.notStored('overflow', count);
    },
    onFailure: failure('write'),
  });
  const exact = new ExactCache({ memory, registry: keys, batcher, writer, clock });
  const index = new PgvectorIndex(database);
  const scopes = new KeyRegistry({
    capacity: settings.SLUICE_CACHE_MAX_ENTRIES,
    keys: () => index.scopes(clock()),
    onFailure: failure('filter'),
  });
  let semantic: SemanticCache | undefined;
  const openSemantic = (): SemanticCache =>
    new SemanticCache({
      index,
      embedder: createEmbedder((milliseconds) => {
        metrics.embedMs(milliseconds);
      }),
      rule: fixedThreshold(settings.SLUICE_CACHE_SEMANTIC_THRESHOLD),
      scopes,
      metrics,
      clock,
      lookupsPerSecond: settings.SLUICE_CACHE_SEMANTIC_PER_SECOND,
      onIndexed: (indexed) => {
        tell('scopes', indexed);
      },
    });
  const policies = new PolicyTable(snapshot);
  const parts = { settings, policies, exact, semantic: () => semantic, metrics, clock };
  const load = async (): Promise<void> => {
    await keys.load();
    if (semantic !== undefined) await scopes.load();
  };
  return {
    stage: createStage(parts),
    store: (store, body) => acceptStore(parts, store, body),
    replaceSnapshot: (next) => {
      policies.replace(next);
    },
    hear(bytes) {
      const announcement = decodeAnnouncement(bytes);
      if (announcement === undefined || announcement.sender === sender) return;
      for (const key of announcement.keys) {
        if (announcement.kind === 'entries') keys.add(key);
        else semantic?.noticeForeign(key);
      }
    },
    async prepare(waitMs) {
      try {
        const { vector } = await prepareSchema(database, {
          waitMs,
          onNoVector: (error) => {
            log.warn({ err: error }, 'exact only: the database has no vector extension, so no answer is served by likeness');
          },
        });
        if (vector) semantic ??= openSemantic();
      } catch (error) {
        failure('filter')(error);
        return false;
      }
      await load();
      return keys.loaded;
    },
    reload: load,
    async maintain() {
      try {
        metrics.evicted(await sweep(database, 'entries', clock(), settings.SLUICE_CACHE_MAX_ENTRIES));
        if (semantic !== undefined) metrics.evicted(await sweep(database, 'questions', clock(), settings.SLUICE_CACHE_MAX_ENTRIES));
      } catch (error) {
        failure('sweep')(error);
      }
      if (keys.worn) await keys.load();
      if (semantic !== undefined && scopes.worn) await scopes.load();
    },
    async close() {
      await semantic?.close();
      await writer.close();
    },
  };
}
