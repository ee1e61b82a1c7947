import { replaceTexts } from '@sluice/dialects';
import type { Dialect } from '@sluice/contracts';
import type { TextSegment } from '@sluice/dialects';
import type { LocatedDetection } from './engine.ts';

/** Puts `[REDACTED:category]` in the place of every detection whose action is to redact. */
export function redactBody(
  dialect: Dialect,
  body: unknown,
  segments: readonly TextSegment[],
  detections: readonly LocatedDetection[],
): unknown {
  const replacements = new Map<string, string>();
  segments.forEach((segment, index) => {
    const own = detections.filter(({ text, action }) => text === index && action === 'redact');
    if (own.length > 0) replacements.set(keyOf(segment), redactText(segment.text, own));
  });
  return replaceTexts(dialect, body, (segment) => replacements.get(keyOf(segment)) ?? segment.text);
}

/** Equal texts at one path are redacted alike. */
function keyOf({ path, text }: TextSegment): string {
  return `${path}\u0000${text}`;
}

/** From the end to the start, so that earlier offsets hold; overlapping stretches become one. */
function redactText(text: string, detections: readonly LocatedDetection[]): string {
  const spans = detections
    .map(({ detection }) => ({ start: detection.start ?? 0, end: detection.end ?? text.length, category: detection.category }))
    .sort((left, right) => left.start - right.start);
  let result = '';
  let at = 0;
  for (const { start, end, category } of spans) {
    if (end <= at) continue;
    if (start >= at) result += `${text.slice(at, start)}[REDACTED:${category}]`;
    at = end;
  }
  return result + text.slice(at);
}
