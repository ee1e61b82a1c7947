/** A JSON object whose members are not known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` as an array to look through, empty where it is none: `Array.isArray` would give `any[]`. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The parsed text, or undefined where it is not JSON (`undefined` is no JSON value, so the two cannot be confused). */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Array elements through `change`; the same array where none changed. */
export function mapChanged(items: readonly unknown[], change: (item: unknown, index: number) => unknown): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    const changed = change(item, index);
    if (copy === undefined && changed !== item) copy = items.slice(0, index);
    copy?.push(changed);
  }
  return copy ?? items;
}

/** Member values through `change`; the same object where none changed. `__proto__` stays an ordinary member. */
export function mapMembers(object: JsonObject, change: (key: string, value: unknown) => unknown): JsonObject {
  let entries: [string, unknown][] | undefined;
  const keys = Object.keys(object);
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? '';
    const value = object[key];
    const changed = change(key, value);
    if (entries === undefined && changed !== value) entries = keys.slice(0, index).map((earlier) => [earlier, object[earlier]]);
    entries?.push([key, changed]);
  }
  return entries === undefined ? object : Object.fromEntries(entries);
}

/** The object without some members. */
export function omit(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}
