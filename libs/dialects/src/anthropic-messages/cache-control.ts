import { isObject, omit, type JsonObject } from '../json-value.ts';
import type { CacheMark } from '../neutral/model-request.ts';

/** `cache_control` of a block or tool. */
export function cacheMark({ cache_control }: JsonObject): CacheMark {
  if (!isObject(cache_control)) return {};
  return { cache: typeof cache_control.ttl === 'string' ? { ttl: cache_control.ttl } : {} };
}

export function cacheControl({ cache }: CacheMark): JsonObject {
  return cache === undefined ? {} : { cache_control: { type: 'ephemeral', ...cache } };
}

/** Anthropic refuses a request with more marks. */
const maxMarks = 4;

/** The request with its last marks only: those of the longest prefixes, from which the next turn gains most. */
export function limitCacheMarks(body: JsonObject): JsonObject {
  let marks = 0;
  const limit = (block: JsonObject): JsonObject => {
    const content = Array.isArray(block.content) ? fromLast(block.content, limit) : block.content;
    const inner = content === block.content ? block : { ...block, content };
    if (block.cache_control === undefined || ++marks <= maxMarks) return inner;
    return omit(inner, 'cache_control');
  };
  const limited = { ...body };
  for (const key of ['messages', 'system', 'tools']) {
    const list = body[key];
    if (Array.isArray(list)) limited[key] = fromLast(list, limit);
  }
  return marks > maxMarks ? limited : body;
}

function fromLast(items: readonly unknown[], change: (item: JsonObject) => JsonObject): unknown[] {
  return items
    .toReversed()
    .map((item) => (isObject(item) ? change(item) : item))
    .reverse();
}
