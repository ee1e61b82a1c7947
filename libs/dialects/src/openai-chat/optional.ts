import type { JsonObject } from '../json-value.ts';

/** A member that stands only where it has a value: `{ ...optional('name', name) }`. `null` counts as none, as it does in every OpenAI body. */
export function optional<Key extends string, Value>(key: Key, value: Value | undefined | null): Readonly<Partial<Record<Key, Value>>> {
  const member = value === undefined || value === null ? {} : { [key]: value };
  // A computed key widens to `string`; it is Key and nothing else.
  return member as Readonly<Partial<Record<Key, Value>>>;
}

/** The value where it is a string that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The value where it is a finite number. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The model that answered, or the name that was asked for where the provider does not say. */
export function modelOf(named: string, body: JsonObject): string {
  return named === '' ? (textOf(body.model) ?? '') : named;
}
