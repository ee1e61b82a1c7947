import { readStamps } from './stamped-text.ts';
import type { ReceivedStream } from './stream-client.ts';
import { renderTable } from './table.ts';

/** Memory by process, bytes: with no stream open, at the highest sum of all, and some time after the last stream. */
export interface SlowStreamReport {
  readonly streams: number;
  readonly chunks: number;
  readonly lost: number;
  readonly before: Readonly<Record<string, number>>;
  readonly peak: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
}

/** What is wrong with a stream: nothing where every chunk came, in order, and then the end. */
export function findFaults({ texts, finishReason, complete }: ReceivedStream, chunks: number): string[] {
  const stamps = readStamps(texts.map(({ text }) => text).join(''));
  const disordered = stamps.some(({ writtenNs }, index) => writtenNs < (stamps[index - 1]?.writtenNs ?? 0n));
  const foreign = new Set(stamps.map(({ receivedNs }) => receivedNs)).size > 1;
  return [
    ...(stamps.length === chunks ? [] : [`${stamps.length} of ${chunks} chunks`]),
    ...(disordered ? ['chunks out of order'] : []),
    ...(foreign ? ['chunks of another stream'] : []),
    ...(finishReason === 'stop' ? [] : [`finish ${finishReason ?? 'none'}`]),
    ...(complete ? [] : ['no [DONE]']),
  ];
}

/** Bytes that one stream adds over all processes, from no stream to the peak. */
export function bytesPerStream({ streams, before, peak }: SlowStreamReport): number {
  return (sum(peak) - sum(before)) / streams;
}

export function renderSlowStreams(report: SlowStreamReport): string {
  const { streams, chunks, lost, before, peak, after } = report;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
  const names = Object.keys(peak).sort();
  const row = (name: string, of: (record: Readonly<Record<string, number>>) => number) => [
    name,
    megabytes(of(before)),
    megabytes(of(peak)),
    megabytes(of(after)),
    ((of(peak) - of(before)) / 1000 / streams).toFixed(1),
  ];
  const rows = [...names.map((name) => row(name, (record) => record[name] ?? 0)), row('sum', sum)];
  const whole = `${streams - lost} of ${streams} streams of ${chunks} chunks came whole`;
  return `${whole}\n${renderTable([['RSS, MB', 'before', 'at peak', 'after', 'kB a stream'], ...rows])}`;
}

function sum(record: Readonly<Record<string, number>>): number {
  return Object.values(record).reduce((total, bytes) => total + bytes, 0);
}
