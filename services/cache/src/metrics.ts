import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What the cache tells Prometheus. Labels are closed sets: no key, tenant or text is ever one. */
export interface CacheMetrics {
  readonly outcome: (state: 'hit' | 'semantic' | 'miss' | 'bypass') => void;
  readonly stored: (count: number) => void;
  /** Reasons: `overflow`, `too_large`, and those of `refusalToStore`. */
  readonly notStored: (reason: string, count?: number) => void;
  readonly databaseFailure: (operation: 'lookup' | 'write' | 'sweep' | 'filter' | 'search') => void;
  /** Why the semantic part did not run or did not serve. */
  readonly semanticSkip: (reason: string) => void;
  readonly embedMs: (milliseconds: number) => void;
  readonly evicted: (count: number) => void;
}

export function createCacheMetrics(
  registry: Registry,
  sizes: () => { readonly memoryBytes: number; readonly queued: number },
): CacheMetrics {
  const registers = [registry];
  const outcomes = new Counter({ name: 'sluice_cache_requests_total', help: 'Requests by cache state', labelNames: ['state'], registers });
  const stored = new Counter({ name: 'sluice_cache_stored_total', help: 'Answers written to Postgres', registers });
  const notStored = new Counter({
    name: 'sluice_cache_not_stored_total',
    help: 'Answers not stored, by reason',
    labelNames: ['reason'],
    registers,
  });
  const failures = new Counter({
    name: 'sluice_cache_database_failures_total',
    help: 'Statements that failed; the cache then works without them',
    labelNames: ['operation'],
    registers,
  });
  const skips = new Counter({
    name: 'sluice_cache_semantic_skips_total',
    help: 'Exact misses that got no semantic answer, by reason',
    labelNames: ['reason'],
    registers,
  });
  const evicted = new Counter({ name: 'sluice_cache_deleted_total', help: 'Rows that expired or were evicted', registers });
  const embed = new Histogram({
    name: 'sluice_cache_embed_milliseconds',
    help: 'Time of one batch of the sentence encoder',
    buckets: [5, 10, 20, 50, 100, 200, 500],
    registers,
  });
  registerSizes(registry, sizes);
  return {
    outcome: (state) => {
      outcomes.inc({ state });
    },
    stored: (count) => {
      stored.inc(count);
    },
    notStored: (reason, count = 1) => {
      notStored.inc({ reason }, count);
    },
    databaseFailure: (operation) => {
      failures.inc({ operation });
    },
    semanticSkip: (reason) => {
      skips.inc({ reason });
    },
    embedMs: (milliseconds) => {
      embed.observe(milliseconds);
    },
    evicted: (count) => {
      evicted.inc(count);
    },
  };
}

function registerSizes(registry: Registry, sizes: () => { readonly memoryBytes: number; readonly queued: number }): void {
  new Gauge({
    name: 'sluice_cache_memory_bytes',
    help: 'Answers held in this process',
    registers: [registry],
    collect() {
      this.set(sizes().memoryBytes);
    },
  });
  new Gauge({
    name: 'sluice_cache_queued_entries',
    help: 'Answers waiting to be written',
    registers: [registry],
    collect() {
      this.set(sizes().queued);
    },
  });
}
