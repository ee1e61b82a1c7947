import { isObject, parseJson, type JsonObject } from '../json-value.ts';

/** An event's data; undefined where it is no object. Of events that hold a whole response the last brace was seen to be lost: it is put back. */
export function parseEvent(data: string): JsonObject | undefined {
  const value = parseJson(data) ?? parseJson(`${data}}`);
  return isObject(value) ? value : undefined;
}
