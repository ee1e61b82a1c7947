import { isRecord } from '@sluice/contracts';
import type { JsonObject } from '@sluice/dialects';

/** Members of a provider's JSON, read without trust: whatever has another type counts as absent. */
export function textAt(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' ? value : undefined;
}

export function objectAt(object: JsonObject, name: string): JsonObject | undefined {
  const value = object[name];
  return isRecord(value) ? value : undefined;
}

export function objectsAt(object: JsonObject, name: string): readonly JsonObject[] {
  const value: unknown = object[name];
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** A whole number of zero or more. */
export function countAt(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
