import { subjects } from '@sluice/contracts';
import { openDatabase } from '@sluice/database';
import { WorkerEmbedder } from '@sluice/embedding';
import type { ServiceContext } from '@sluice/runtime';
import { openCache, type Cache } from './open-cache.ts';
import type { CacheSettings } from './settings.ts';

/** How long a start waits for Postgres; then the stage serves without it and goes on trying. */
const startWaitMs = 5_000;
const retryMs = 5_000;
const maintenanceMs = 60_000;

/** Joins the cache to the bus and to Postgres. */
export async function runCache({
  settings,
  bus,
  log,
  metrics,
  configuration,
  onClose,
  clock,
}: ServiceContext<CacheSettings>): Promise<void> {
  const store = await configuration();
  const database = openDatabase({
    url: settings.DATABASE_URL,
    applicationName: 'sluice-cache',
    maxConnections: 3,
    connectTimeoutMs: 2_000,
    statementTimeoutMs: 5_000,
    onConnectionLost: (error) => {
      log.warn({ err: error }, 'a connection to Postgres was lost');
    },
  });
  onClose('database', () => database.close());
  const cache = openCache({
    settings,
    database,
    snapshot: store.current,
    createEmbedder: (onRun) => new WorkerEmbedder({ clock, onRun }),
    announce: (bytes) => {
      bus.publish(subjects.cacheStored, bytes);
    },
    log,
    metrics,
    clock,
  });
  onClose('cache', () => cache.close());
  store.onChange((snapshot) => {
    cache.replaceSnapshot(snapshot);
  });
  bus.onConnection((connected) => {
    if (connected) void cache.reload();
  });
  onClose(
    'announcements',
    bus.subscribe(subjects.cacheStored, (data) => {
      cache.hear(data);
    }),
  );
  await keepUp(cache, onClose);
  onClose(
    'stores',
    bus.onStore((message, body) => {
      void cache.store(message, body);
    }),
  );
  onClose('stage', await bus.serveStage(cache.stage));
}

/** Prepares the schema, now or later, and maintains the tables from then on. */
async function keepUp(cache: Cache, onClose: (name: string, close: () => void) => void): Promise<void> {
  let prepared = await cache.prepare(startWaitMs);
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const next = (): void => {
    if (closed) return;
    timer = setTimeout(() => void work(), prepared ? maintenanceMs : retryMs);
  };
  const work = async (): Promise<void> => {
    if (prepared) await cache.maintain();
    else prepared = await cache.prepare(0);
    next();
  };
  next();
  onClose('maintenance', () => {
    closed = true;
    clearTimeout(timer);
  });
}
