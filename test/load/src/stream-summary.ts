import type { Bar } from './bars.ts';
import type { StreamSample } from './stream-sample.ts';
import { renderTable } from './table.ts';

/** Pooled over all rounds of one subject, µs. `added` is over the upstream asked directly. */
export interface StreamSummary {
  readonly subject: string;
  readonly streams: number;
  readonly chunks: number;
  readonly firstTokenUs: Quantiles;
  readonly chunkUs: Quantiles;
  readonly added?: { readonly firstTokenUs: Quantiles; readonly chunkUs: Quantiles };
  /** p50 of the time to the first token of each round, lowest and highest: how far the median can be trusted. */
  readonly firstTokenRangeUs: readonly [number, number];
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

export const direct = 'upstream';
export const peer = 'litellm';

const maxAddedFirstTokenUs = 3_000;
const maxShareOfPeer = 0.25;

/** One summary a subject, in the order of the samples; the first is the upstream itself. */
export function summariseStreams(samples: readonly StreamSample[]): StreamSummary[] {
  const plain = [...new Set(samples.map(({ subject }) => subject))].map((subject) =>
    summarise(
      subject,
      samples.filter((sample) => sample.subject === subject),
    ),
  );
  const base = plain.find(({ subject }) => subject === direct);
  return plain.map((summary) =>
    base === undefined || summary === base
      ? summary
      : {
          ...summary,
          added: {
            firstTokenUs: difference(summary.firstTokenUs, base.firstTokenUs),
            chunkUs: difference(summary.chunkUs, base.chunkUs),
          },
        },
  );
}

function summarise(subject: string, samples: readonly StreamSample[]): StreamSummary {
  const rounds = [...new Set(samples.map(({ round }) => round))].map((round) =>
    quantile(
      samples.filter((sample) => sample.round === round).map(({ firstTokenUs }) => firstTokenUs),
      0.5,
    ),
  );
  const chunkUs = samples.flatMap((sample) => sample.chunkUs);
  return {
    subject,
    streams: samples.length,
    chunks: chunkUs.length,
    firstTokenUs: quantiles(samples.map(({ firstTokenUs }) => firstTokenUs)),
    chunkUs: quantiles(chunkUs),
    firstTokenRangeUs: [Math.min(...rounds), Math.max(...rounds)],
  };
}

function quantiles(values: readonly number[]): Quantiles {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99) };
}

/** Nearest rank; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function difference(own: Quantiles, base: Quantiles): Quantiles {
  return { p50: own.p50 - base.p50, p99: own.p99 - base.p99 };
}

/** Bars of each Sluice subject; those beside LiteLLM only where it was measured. */
export function judgeStreams(summaries: readonly StreamSummary[]): Bar[] {
  const peerUs = summaries.find(({ subject }) => subject === peer)?.added?.firstTokenUs.p50;
  return summaries.flatMap(({ subject, added }): Bar[] => {
    if (added === undefined || subject === peer) return [];
    const own = added.firstTokenUs.p50;
    const name = `added to the first token, p50, ${subject}`;
    const bars: Bar[] = [{ name, wanted: 'at most 3 ms', measured: milliseconds(own), passed: own <= maxAddedFirstTokenUs }];
    if (peerUs === undefined) return bars;
    const share = own / peerUs;
    const wanted = `at most ${maxShareOfPeer} x LiteLLM`;
    return [...bars, { name, wanted, measured: `${share.toFixed(2)} x`, passed: share <= maxShareOfPeer }];
  });
}

/** What a person wants to know of the streams of a run. */
export function renderStreams(title: string, summaries: readonly StreamSummary[], bars: readonly Bar[]): string {
  const head = ['ms', 'streams', 'first token p50', 'p99', 'added p50', 'p99', 'round p50s', 'chunk p50', 'p99', 'added p50', 'p99'];
  const rows = summaries.map(({ subject, streams, firstTokenUs, chunkUs, added, firstTokenRangeUs }) => [
    subject,
    String(streams),
    milliseconds(firstTokenUs.p50),
    milliseconds(firstTokenUs.p99),
    added === undefined ? '' : milliseconds(added.firstTokenUs.p50),
    added === undefined ? '' : milliseconds(added.firstTokenUs.p99),
    firstTokenRangeUs.map((us) => (us / 1000).toFixed(2)).join('–'),
    milliseconds(chunkUs.p50),
    milliseconds(chunkUs.p99),
    added === undefined ? '' : milliseconds(added.chunkUs.p50),
    added === undefined ? '' : milliseconds(added.chunkUs.p99),
  ]);
  const barRows = bars.map(({ name, wanted, measured, passed }) => [name, wanted, measured, passed ? 'pass' : 'MISSED']);
  const barTable = bars.length === 0 ? '' : `\n${renderTable([['bar', 'wanted', 'measured', ''], ...barRows])}`;
  return `${title}\n${renderTable([head, ...rows])}${barTable}`;
}

function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(2)} ms`;
}
