import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchFolders } from './compare.ts';
import { readCommit, type MachineFacts } from './machine-facts.ts';
import { catchUp } from './measurement.ts';
import { residentBytesInAll, type ProcessGroups } from './process-usage.ts';
import { writeResults } from './results-file.ts';
import { startSluiceUnderLoad, type SluiceUnderLoad } from './sluice.ts';
import { findFaults, renderSlowStreams, type SlowStreamReport } from './slow-stream-report.ts';
import { readChatStream } from './stream-client.ts';
import { streamBody } from './stream-prompt.ts';
import { startPacedUpstream } from './streaming.ts';

/** A thousand readers of half a minute each, through every stage. */
const streams = 1_000;
const pace = { chunks: 60, intervalMs: 500 } as const;
/** They begin spread over so long, and are all open for the rest. */
const rampMs = 5_000;
const silenceMs = 60_000;
const sampleIntervalMs = 500;
/** Asked before memory is first read, so that what is made once is not counted for streams. */
const warmUpStreams = 64;
/** Until memory is read once more; collectors of garbage run when they like. */
const settleMs = 15_000;

/** Holds many slow streams open at once and says what they cost in memory. @throws Error when any was lost or is not whole */
export async function holdSlowStreams(folders: BenchFolders, machine: MachineFacts, log: (line: string) => void): Promise<void> {
  await using running = new AsyncDisposableStack();
  const upstream = running.adopt(await startPacedUpstream(), (server) => server.stop());
  log('starting Sluice for slow streams …');
  const sluice = running.adopt(await startSluiceUnderLoad(join(folders.run, 'sluice-slow'), upstream.url), (gateway) => gateway.stop());
  const agent = new Agent({ keepAlive: true });
  running.defer(() => {
    agent.destroy();
  });
  await ask(sluice, agent, warmUpStreams, { chunks: 10, intervalMs: 50 }, 0);
  await catchUp(sluice);
  const before = residentBytesInAll(sluice.processes());

  log(`${streams} streams of ${(pace.chunks * pace.intervalMs) / 1000} s …`);
  const watch = watchMemory(sluice.processes());
  const faults = await ask(sluice, agent, streams, pace, rampMs);
  const peak = watch.stop();
  const lagMs = await catchUp(sluice);
  await delay(settleMs);
  const after = residentBytesInAll(sluice.processes());

  const report: SlowStreamReport = { streams, chunks: pace.chunks, lost: faults.length, before, peak, after };
  process.stdout.write(`\n${renderSlowStreams(report)}`);
  const at = new Date().toISOString();
  const results = {
    at,
    commit: readCommit(),
    machine,
    options: { streams, ...pace, rampMs },
    ...report,
    lagMs,
    faults: faults.slice(0, 20),
  };
  log(`results in ${writeResults(folders.results, at, 'slow-streams', results)}`);
  if (faults.length > 0) throw new Error(`${faults.length} of ${streams} streams were lost or not whole: ${faults[0] ?? ''}`);
}

/** @returns a line for each stream that was not whole */
async function ask(
  sluice: SluiceUnderLoad,
  agent: Agent,
  count: number,
  asked: { readonly chunks: number; readonly intervalMs: number },
  spreadMs: number,
): Promise<string[]> {
  const headers = sluice.headers({ policy: 'all' });
  const all = Array.from({ length: count }, async (_, index): Promise<string[]> => {
    await delay((spreadMs * index) / count);
    try {
      const stream = await readChatStream({ url: sluice.url, headers, agent, silenceMs, body: streamBody(asked, index) });
      return findFaults(stream, asked.chunks);
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)];
    }
  });
  return (await Promise.all(all)).flatMap((faults, index) => (faults.length === 0 ? [] : [`stream ${index}: ${faults.join('; ')}`]));
}

/** Reads memory again and again and keeps the reading with the highest sum. */
function watchMemory(groups: ProcessGroups): { stop(): Record<string, number> } {
  let highest: Record<string, number> = {};
  const read = () => {
    const now = residentBytesInAll(groups);
    if (sum(now) > sum(highest)) highest = now;
  };
  read();
  const timer = setInterval(read, sampleIntervalMs);
  return {
    stop: () => {
      clearInterval(timer);
      return highest;
    },
  };
}

function sum(record: Readonly<Record<string, number>>): number {
  return Object.values(record).reduce((total, bytes) => total + bytes, 0);
}
