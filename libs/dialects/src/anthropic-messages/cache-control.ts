import { isObject, type JsonObject } from '../json-value.ts';
import type { CacheMark } from '../neutral/model-request.ts';

/** `cache_control` of a block or tool. */
export function cacheMark({ cache_control }: JsonObject): CacheMark {
  if (!isObject(cache_control)) return {};
  return { cache: typeof cache_control.ttl === 'string' ? { ttl: cache_control.ttl } : {} };
}

export function cacheControl({ cache }: CacheMark): JsonObject {
  return cache === undefined ? {} : { cache_control: { type: 'ephemeral', ...cache } };
}
