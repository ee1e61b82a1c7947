import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { agreements } from './agreement.ts';
import { dialectsOf, judgeCell, type Cell, type CellResult } from './cells.ts';
import { modes, startFakeUpstream } from './fake-upstream.ts';
import { fixtures } from './fixtures.ts';
import { startRecordedGateway } from './gateway.ts';
import { readRecordings, type Recording } from './recording.ts';
import { readLedger } from './ledger.ts';
import { renderResults } from './results-table.ts';
import { withSettledUsage } from './settled-usage.ts';

/** Relative to the repository's root, where `npm test` is called. */
const folder = process.env.RECORDINGS;
const budgetMs = 600_000;
const atOnce = 4;

if (folder === undefined || folder === '') {
  process.stderr.write("recordings: off; RECORDINGS=<folder of recorded answers> replays them too, and not only the suite's own\n");
}

function recorded(): readonly Recording[] {
  return folder === undefined || folder === '' ? fixtures : readRecordings(resolve(import.meta.dirname, '..', '..', '..', folder));
}

describe('recorded answers', () => {
  it(
    'reach clients of every dialect as the provider meant them',
    async () => {
      const recordings = recorded();
      expect(recordings.length).toBeGreaterThan(0);
      await using running = new AsyncDisposableStack();
      const upstream = running.adopt(await startFakeUpstream(recordings), (server) => server.stop());
      const gateway = running.adopt(await startRecordedGateway(recordings, upstream), (started) => started.stop());
      const cells = recordings.flatMap((recording, index) =>
        dialectsOf(recording).flatMap((dialect) => modes.map((mode): Cell => ({ recording, index, dialect, mode }))),
      );
      const results: CellResult[] = [];
      let next = 0;
      const worker = async () => {
        for (let cell = cells[next++]; cell !== undefined; cell = cells[next++]) results.push(await judgeCell(gateway, cell));
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      const asked = cells.flatMap((cell) =>
        results.filter((result) => result.index === cell.index && result.dialect === cell.dialect && result.mode === cell.mode),
      );
      const ids = new Set(asked.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId])));
      const settled = await readLedger(gateway.ledger, ids);
      const ordered = asked.map((result) => withSettledUsage(result, settled.get(result.requestId ?? '')));
      const untouched = recordings
        .filter((recording) => dialectsOf(recording).length === 0)
        .map(({ provider, name }) => `${provider}/${name}`);
      const pairs = agreements(ordered);
      const report = `${renderResults(ordered, untouched)}plain and streamed say the same: ${pairs.filter(({ agree }) => agree).length} of ${pairs.length} pairs\n`;
      process.stderr.write(report);
      if (process.env.RECORDINGS_REPORT !== undefined) writeFileSync(process.env.RECORDINGS_REPORT, report);
      expect(pairs.filter(({ agree }) => !agree)).toEqual([]);
      expect(
        ordered
          .filter(({ faults }) => faults.length > 0)
          .map(({ recording, dialect, mode, faults }) => [recording.provider, recording.name, dialect, mode, faults]),
      ).toEqual([]);
    },
    budgetMs,
  );
});
