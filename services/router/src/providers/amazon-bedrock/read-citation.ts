import { isRecord } from '@sluice/contracts';
import type { Annotation } from '@sluice/dialects';

/** A source that a text of Converse refers to. */
export function readCitation(citation: unknown): Annotation | undefined {
  if (!isRecord(citation)) return undefined;
  const { title, source, sourceContent, location } = citation;
  const web = isRecord(location) && isRecord(location.web) ? location.web : undefined;
  const url = typeof web?.url === 'string' ? web.url : typeof source === 'string' && /^https?:/.test(source) ? source : undefined;
  const parts: readonly unknown[] = Array.isArray(sourceContent) ? sourceContent : [];
  const cited = parts.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('');
  return {
    ...(url === undefined ? {} : { url }),
    ...(typeof title === 'string' ? { title } : {}),
    ...(cited === '' ? {} : { citedText: cited }),
    native: { wire: 'bedrock-converse', value: citation },
  };
}
