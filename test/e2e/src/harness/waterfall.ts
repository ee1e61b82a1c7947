import type { ReceivedSpan } from './read-spans.ts';

const barCharacters = 40;

/** A trace as text: one line a span, below its parent, with a bar for when it began and how long it took. */
export function renderWaterfall(spans: readonly ReceivedSpan[]): string {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const roots = spans.filter(({ parentSpanId }) => !known.has(parentSpanId));
  const begin = Math.min(...spans.map((span) => toMs(span.startedAt, spans)));
  const end = Math.max(...spans.map((span) => toMs(span.endedAt, spans)));
  const lines = roots.flatMap((root) => inOrder(root, spans, 0));
  const width = Math.max(...lines.map(({ label }) => label.length));
  return lines
    .map(({ span, label }) => {
      const [from, to] = [toMs(span.startedAt, spans), toMs(span.endedAt, spans)];
      const place = (ms: number) => Math.round(((ms - begin) / Math.max(end - begin, Number.EPSILON)) * barCharacters);
      const left = Math.min(place(from), barCharacters - 1);
      const bar = ' '.repeat(left) + '█'.repeat(Math.max(1, place(to) - left));
      return `${label.padEnd(width)}  ${(from - begin).toFixed(2).padStart(7)} ms  ${(to - from).toFixed(2).padStart(7)} ms  |${bar.padEnd(barCharacters)}|\n`;
    })
    .join('');
}

/** Since the first span's begin: epoch nanoseconds are beyond what a number holds. */
function toMs(ns: bigint, [first]: readonly ReceivedSpan[]): number {
  return Number(ns - (first?.startedAt ?? 0n)) / 1e6;
}

function inOrder(span: ReceivedSpan, spans: readonly ReceivedSpan[], depth: number): { span: ReceivedSpan; label: string }[] {
  const service = span.service.replace(/^sluice-/, '');
  const children = spans
    .filter(({ parentSpanId }) => parentSpanId === span.spanId)
    .sort((a, b) => Number(a.startedAt - b.startedAt))
    .flatMap((child) => inOrder(child, spans, depth + 1));
  return [{ span, label: `${'  '.repeat(depth)}${span.name} (${service})` }, ...children];
}
