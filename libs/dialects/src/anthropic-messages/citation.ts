import { isObject, type JsonObject } from '../json-value.ts';
import type { Annotation } from '../neutral/model-request.ts';

/** Offsets of the text that a citation belongs to: Anthropic cites for a whole block. */
interface CitedSpan {
  readonly start: number;
  readonly end: number;
}

/** One of Anthropic's citations. Those of documents have no address; the original goes along for the way back. */
export function annotationOf(citation: unknown, span: CitedSpan): Annotation | undefined {
  if (!isObject(citation)) return undefined;
  const { url, source, title, document_title, cited_text } = citation;
  const address = typeof url === 'string' ? url : source;
  const name = typeof title === 'string' ? title : document_title;
  return {
    ...(typeof address === 'string' ? { url: address } : {}),
    ...(typeof name === 'string' ? { title: name } : {}),
    ...span,
    ...(typeof cited_text === 'string' ? { citedText: cited_text } : {}),
    native: { wire: 'anthropic-messages', value: citation },
  };
}

/** Sources of other providers are told as results of a web search, the only citation with an address. Undefined where there is none. */
export function citationOf({ native, url, title, citedText }: Annotation): JsonObject | undefined {
  if (native?.wire === 'anthropic-messages') return native.value;
  if (url === undefined) return undefined;
  return { type: 'web_search_result_location', url, title: title ?? null, cited_text: citedText ?? '', encrypted_index: '' };
}
