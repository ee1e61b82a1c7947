import { z } from 'zod';

const megabyte = 1024 * 1024;
const count = z.coerce.number().int().positive();

/** Environment of the cache; the base settings (NATS_URL, LOG_LEVEL, …) are added by the runtime. */
export const settingsSchema = z.object({
  /** `postgres://…` of the database that all replicas share. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'write a postgres:// address' }),
  /** Rows kept; beyond it those that expire first are evicted. Also sizes the key filter at 2 bytes a row. */
  SLUICE_CACHE_MAX_ENTRIES: count.default(200_000),
  /** Answers kept in this process, so that a popular one costs no database round trip. */
  SLUICE_CACHE_MEMORY_ENTRIES: count.default(5_000),
  SLUICE_CACHE_MEMORY_BYTES: count.default(32 * megabyte),
  /** A larger answer is not stored. */
  SLUICE_CACHE_MAX_ANSWER_BYTES: count.default(512 * 1024),
  /** A larger request is neither looked up nor stored: it is hardly ever asked twice, and costs hashing. */
  SLUICE_CACHE_MAX_REQUEST_BYTES: count.default(megabyte),
  /** Longest life of an entry, whatever the policy or the request asks. */
  SLUICE_CACHE_MAX_TTL_SECONDS: count.default(7 * 24 * 3_600),
  /** A lookup that Postgres has not answered by then counts as a miss. */
  SLUICE_CACHE_LOOKUP_TIMEOUT_MS: count.default(200),
  /** Semantic lookups a second above which only one in ten runs, so that encoding does not take the CPU of the requests. */
  SLUICE_CACHE_SEMANTIC_PER_SECOND: count.default(150),
  /** Longest last user turn that is compared by meaning, UTF-16 units. */
  SLUICE_CACHE_SEMANTIC_MAX_CHARACTERS: count.default(1_000),
  /** Cosine similarity that a semantic hit needs where the request names none. */
  SLUICE_CACHE_SEMANTIC_THRESHOLD: z.coerce.number().min(0.5).max(1).default(0.95),
  SLUICE_CACHE_CONCURRENCY: count.default(512),
});
export type CacheSettings = z.output<typeof settingsSchema>;
