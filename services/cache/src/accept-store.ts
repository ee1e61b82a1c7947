import type { Body } from '@sluice/bus';
import type { CacheStore } from '@sluice/contracts';
import type { KeyedEntry } from './entry.ts';
import type { ExactCache } from './exact-cache.ts';
import type { CacheMetrics } from './metrics.ts';
import { semanticTicketSchema, type SemanticCache } from './semantic/semantic-cache.ts';
import type { CacheSettings } from './settings.ts';
import { refusalToStore } from './storable.ts';

export interface StoreParts {
  readonly settings: CacheSettings;
  readonly exact: ExactCache;
  readonly semantic: () => SemanticCache | undefined;
  readonly metrics: CacheMetrics;
  readonly clock: () => number;
}

/** Takes in one `cache.store` message; what may not be stored is counted by reason and forgotten. Never rejects. */
export async function acceptStore(parts: StoreParts, store: CacheStore, body: Body): Promise<void> {
  const reason = await keep(parts, store, body).catch(() => 'malformed');
  if (reason !== undefined) parts.metrics.notStored(reason);
}

async function keep(parts: StoreParts, store: CacheStore, body: Body): Promise<string | undefined> {
  if (!/^[0-9a-f]{64}$/.test(store.key)) return 'malformed';
  if (body.byteLength > parts.settings.SLUICE_CACHE_MAX_ANSWER_BYTES) return 'too_large';
  const refusal = refusalToStore(store, await body.json());
  if (refusal !== undefined) return refusal;
  const now = parts.clock();
  const expiresAt = Math.round(now + Math.min(store.ttlSeconds, parts.settings.SLUICE_CACHE_MAX_TTL_SECONDS) * 1_000);
  if (!(expiresAt > now)) return 'expired';
  const entry = toEntry(store, Buffer.from(await body.bytes()), Math.round(Math.min(store.storedAt, now)), expiresAt);
  parts.exact.store(store.key, entry);
  const ticket = store.ticket === undefined ? undefined : semanticTicketSchema.safeParse(store.ticket).data;
  if (ticket !== undefined) {
    const { key, storedAt } = entry;
    parts.semantic()?.add({ key, scope: Buffer.from(ticket.scope, 'hex'), question: ticket.question, storedAt, expiresAt });
  }
  return undefined;
}

/** The bytes are copied by the caller: a message's buffer may be a slice of a much larger read. */
function toEntry(store: CacheStore, body: Buffer, storedAt: number, expiresAt: number): KeyedEntry {
  const { organization, team, provider, providerModel, finishReason, usage, costNanoUsd } = store;
  const head = { provider, providerModel, finishReason, usage, ...(costNanoUsd === undefined ? {} : { costNanoUsd }) };
  return { key: Buffer.from(store.key, 'hex'), organization, team, head, body, storedAt, expiresAt };
}
