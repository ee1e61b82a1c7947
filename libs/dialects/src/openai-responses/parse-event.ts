import { isObject, parseJson, type JsonObject } from '../json-value.ts';

/** An event's data; undefined where it is no object. Events that hold a whole response were seen to lose their last brace: it is put back. */
export function parseEvent(data: string): JsonObject | undefined {
  const value = parseJson(data);
  if (value !== undefined) return isObject(value) ? value : undefined;
  const closed = parseJson(`${data}}`);
  return isObject(closed) && isObject(closed.response) ? closed : undefined;
}
