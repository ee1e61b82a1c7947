import { isDeepStrictEqual } from 'node:util';
import type { CellResult } from './cells.ts';
import { saidIn } from './expectation.ts';

/** A plain answer and a stream that were recorded under one name and say the same. */
export interface Pair {
  readonly name: string;
  readonly agree: boolean;
}

/** Compares what clients were told by the two, wherever the raw recordings themselves agree in text, thoughts and calls. */
export function agreements(results: readonly CellResult[]): Pair[] {
  return results.flatMap((plain) => {
    if (plain.recording.streamed || plain.said === undefined) return [];
    const stream = results.find(
      ({ recording, dialect, mode }) =>
        recording.streamed &&
        recording.provider === plain.recording.provider &&
        recording.name === plain.recording.name &&
        dialect === plain.dialect &&
        mode === plain.mode,
    );
    if (stream?.said === undefined || !isDeepStrictEqual(contentOf(saidIn(plain.recording)), contentOf(saidIn(stream.recording))))
      return [];
    const name = `${plain.recording.provider}/${plain.recording.name} ${plain.dialect} ${plain.mode}`;
    return [{ name, agree: isDeepStrictEqual(contentOf(plain.said), contentOf(stream.said)) }];
  });
}

function contentOf(said: ReturnType<typeof saidIn>): unknown {
  return said === undefined ? undefined : [said.text, said.refusal, said.reasoning.replace(/\n+/g, ''), said.calls, said.stop];
}
