import type { JsonObject } from '../json-value.ts';

/** Anthropic's error event, or the bare error that a proxy before it writes. */
export function isError({ type, error }: JsonObject): boolean {
  return type === 'error' || (type === undefined && error !== undefined && error !== null);
}
