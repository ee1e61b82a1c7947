import { readStamps } from './stamped-text.ts';
import type { ReceivedStream } from './stream-client.ts';

/** What one stream took on its way, the upstream's own time left out. */
export interface StreamSample {
  readonly subject: string;
  readonly round: number;
  /** From sending the request to the first text, without the time that the upstream let pass before it. */
  readonly firstTokenUs: number;
  /** From the upstream's write to the client's read of each further chunk. */
  readonly chunkUs: readonly number[];
}

/** @throws Error where a chunk is missing or the stream has no end: then no figure holds */
export function sampleOf(subject: string, round: number, stream: ReceivedStream, chunks: number): StreamSample {
  const arrivals = stream.texts.flatMap(({ atNs, text }) => readStamps(text).map((stamp) => ({ ...stamp, atNs })));
  const [first, ...others] = arrivals;
  if (first === undefined || arrivals.length !== chunks || !stream.complete || stream.finishReason !== 'stop') {
    throw new Error(`${subject}: ${arrivals.length} of ${chunks} chunks, finish ${stream.finishReason ?? 'none'}; no figure holds`);
  }
  const upstreamNs = first.writtenNs - first.receivedNs;
  return {
    subject,
    round,
    firstTokenUs: microseconds(first.atNs - stream.sentNs - upstreamNs),
    chunkUs: others.map(({ atNs, writtenNs }) => microseconds(atNs - writtenNs)),
  };
}

function microseconds(ns: bigint): number {
  return Number(ns) / 1000;
}
