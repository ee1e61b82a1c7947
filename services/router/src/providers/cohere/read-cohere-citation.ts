import { isRecord } from '@sluice/contracts';
import type { Annotation } from '@sluice/dialects';

/** A citation of a text; those of thoughts and plans are left out, for no format has a place for them. */
export function readCohereCitation(citation: unknown): Annotation | undefined {
  if (!isRecord(citation) || (citation.type !== undefined && citation.type !== 'TEXT_CONTENT')) return undefined;
  const { start, end, sources } = citation;
  const list: readonly unknown[] = Array.isArray(sources) ? sources : [];
  const source = list[0];
  const document = isRecord(source) ? (source.document ?? source.tool_output) : undefined;
  const { title, url } = isRecord(document) ? document : {};
  return {
    ...(typeof url === 'string' ? { url } : {}),
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof start === 'number' ? { start } : {}),
    ...(typeof end === 'number' ? { end } : {}),
    native: { wire: 'cohere-chat', value: citation },
  };
}
