import { appendFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agreements } from './agreement.ts';
import { dialectsOf, judgeCell, type Cell } from './cells.ts';
import { conversationDialects } from './client-answer.ts';
import { saidIn } from './expectation.ts';
import { modes, startFakeUpstream, type FakeUpstream } from './fake-upstream.ts';
import { fixtures } from './fixtures.ts';
import { startRecordedGateway, type RecordedGateway } from './gateway.ts';
import { readRecordings, type Recording } from './recording.ts';
import { readLedger } from './ledger.ts';
import { renderResults } from './results-table.ts';
import { claude, foreignProofFaults, roundTripFaults, signaturesIn } from './round-trip.ts';
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

let recordings: readonly Recording[];
let upstream: FakeUpstream;
let gateway: RecordedGateway;
beforeAll(async () => {
  recordings = recorded();
  upstream = await startFakeUpstream(recordings);
  gateway = await startRecordedGateway(recordings, upstream);
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

describe('recorded answers', () => {
  it(
    'reach clients of every dialect as the provider meant them',
    async () => {
      expect(recordings.length).toBeGreaterThan(0);
      const cells = recordings.flatMap((recording, index) =>
        dialectsOf(recording).flatMap((dialect) => modes.map((mode): Cell => ({ recording, index, dialect, mode }))),
      );
      const asked = await eachOf(cells, (cell) => judgeCell(gateway, cell));
      const ids = new Set(asked.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId])));
      const settled = await readLedger(gateway.ledger, ids);
      const results = asked.map((result) => withSettledUsage(result, settled.get(result.requestId ?? '')));
      const untouched = recordings
        .filter((recording) => dialectsOf(recording).length === 0)
        .map(({ provider, name }) => `${provider}/${name}`);
      const pairs = agreements(results);
      const report = `${renderResults(results, untouched)}plain and streamed say the same: ${pairs.filter(({ agree }) => agree).length} of ${pairs.length} pairs\n`;
      process.stderr.write(report);
      if (process.env.RECORDINGS_REPORT !== undefined) writeFileSync(process.env.RECORDINGS_REPORT, report);
      expect(pairs.filter(({ agree }) => !agree)).toEqual([]);
      expect(
        results
          .filter(({ faults }) => faults.length > 0)
          .map(({ recording, dialect, mode, faults }) => [recording.provider, recording.name, dialect, mode, faults]),
      ).toEqual([]);
    },
    budgetMs,
  );

  it(
    'are taken back by the provider, with calls, results and proofs of thoughts',
    async () => {
      const plain = recordings.map((recording, index) => ({ recording, index })).filter(({ recording }) => isPlainConversation(recording));
      const results = await eachOf(plain, async ({ recording, index }) => {
        const faults: string[][] = [];
        // One after the other: the fake upstream keeps the last request only.
        for (const dialect of conversationDialects) {
          const found = await roundTripFaults(gateway, upstream, recording, index, dialect);
          if (found.length > 0) faults.push([recording.provider, recording.name, dialect, ...found]);
        }
        return faults;
      });
      const faults = results.flat();
      const asked = plain.length * conversationDialects.length;
      process.stderr.write(`${asked - faults.length} of ${asked} answers were taken back\n`);
      if (process.env.RECORDINGS_REPORT !== undefined)
        appendFileSync(process.env.RECORDINGS_REPORT, `${faults.map((fault) => fault.join(' | ')).join('\n')}\n`);
      expect(faults).toEqual([]);
    },
    budgetMs,
  );

  it(
    'go on with another provider, which sees no proof that it did not make',
    async () => {
      const conversations = recordings
        .map((recording, index) => ({ recording, index }))
        .filter(({ recording }) => isPlainConversation(recording));
      const others = [...new Map(conversations.map(({ recording, index }) => [recording.wire, index]))];
      const faults: string[][] = [];
      let asked = 0;
      for (const { recording, index } of conversations) {
        if (signaturesIn(recording).length === 0) continue;
        for (const [wire, other] of others) {
          if (wire === recording.wire || (claude.includes(wire) && claude.includes(recording.wire))) continue;
          for (const dialect of conversationDialects) {
            asked += 1;
            const found = await foreignProofFaults(gateway, upstream, { recording, index, other, dialect });
            if (found.length > 0) faults.push([recording.provider, recording.name, dialect, `to ${wire}`, ...found]);
          }
        }
      }
      process.stderr.write(`${asked - faults.length} of ${asked} histories went on elsewhere\n`);
      if (process.env.RECORDINGS_REPORT !== undefined)
        appendFileSync(process.env.RECORDINGS_REPORT, `${faults.map((fault) => fault.join(' | ')).join('\n')}\n`);
      expect(asked).toBeGreaterThan(0);
      expect(faults).toEqual([]);
    },
    budgetMs,
  );
});

/** What says nothing cannot be taken back: OpenAI itself refuses an empty message in a history. */
function isPlainConversation(recording: Recording): boolean {
  const said = saidIn(recording);
  return !recording.streamed && recording.wire !== 'completions' && said !== undefined && (said.text !== '' || said.calls.length > 0);
}

/** Results in the order of the items, a few at a time. */
async function eachOf<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
