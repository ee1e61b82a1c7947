import type { JsonObject } from '../json-value.ts';
import type { Annotation } from '../neutral/model-request.ts';

const wire = 'openai-responses';

/** A citation of an output text, of any type that the API has. */
export function decodeAnnotation(value: JsonObject): Annotation {
  const title = value.title ?? value.filename;
  return {
    ...(typeof value.url === 'string' ? { url: value.url } : {}),
    ...(typeof title === 'string' && title !== '' ? { title } : {}),
    ...(typeof value.start_index === 'number' ? { start: value.start_index } : {}),
    ...(typeof value.end_index === 'number' ? { end: value.end_index } : {}),
    native: { wire, value },
  };
}

/** Undefined for a source that has no address: the API could only say it by the id of a file. */
export function encodeAnnotation(annotation: Annotation): JsonObject | undefined {
  const { native, url, title = '', start = 0, end = 0 } = annotation;
  if (native?.wire === wire) return native.value;
  return url === undefined ? undefined : { type: 'url_citation', url, title, start_index: start, end_index: end };
}
