import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { Annotation } from '../neutral/model-request.ts';
import { numberOf, optional, textOf } from './optional.ts';

/** `annotations` of a message. Those of other kinds than `url_citation` keep their own form only. */
export function readAnnotations(value: unknown): Annotation[] {
  return asArray(value).filter(isObject).map(readAnnotation);
}

function readAnnotation(value: JsonObject): Annotation {
  const native = { wire: 'openai-chat', value } as const;
  if (!isObject(value.url_citation)) return { native };
  const { url, title, start_index, end_index, content } = value.url_citation;
  return {
    ...optional('url', textOf(url)),
    ...optional('title', textOf(title)),
    ...optional('start', numberOf(start_index)),
    ...optional('end', numberOf(end_index)),
    ...optional('citedText', textOf(content)),
    native,
  };
}

/** Sources beside the message: `search_results` and `citations` (Perplexity, xAI). They name no place in the text. */
export function readSources(answer: JsonObject): Annotation[] {
  const sources = new Map<string, Annotation>();
  for (const result of asArray(answer.search_results)) {
    const url = isObject(result) ? textOf(result.url) : undefined;
    if (url === undefined || !isObject(result)) continue;
    sources.set(url, { url, ...optional('title', textOf(result.title)), ...optional('citedText', textOf(result.snippet)) });
  }
  for (const citation of asArray(answer.citations)) {
    const url = isObject(citation) ? textOf(citation.url) : textOf(citation);
    if (url !== undefined && !sources.has(url)) sources.set(url, { url });
  }
  return [...sources.values()];
}

/** @param offset where the text of its part begins in the message; undefined where nothing of it can be said in chat */
export function writeAnnotation(annotation: Annotation, offset: number): JsonObject | undefined {
  const { native, url, title, start, end } = annotation;
  if (native?.wire === 'openai-chat' && (offset === 0 || url === undefined)) return native.value;
  if (url === undefined) return undefined;
  // Clients read both offsets as numbers; without a place the citation stands for the whole.
  const place = { start_index: (start ?? 0) + offset, end_index: (end ?? start ?? 0) + offset };
  return { type: 'url_citation', url_citation: { url, title: title ?? '', ...place } };
}
