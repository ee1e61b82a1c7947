import { Agent } from 'node:http';
import { join } from 'node:path';
import { findFreePort } from '@sluice/testing';
import type { BenchFolders } from './compare.ts';
import type { BenchOptions } from './bench-options.ts';
import { installLitellm, startLitellm } from './litellm.ts';
import { readCommit, type MachineFacts } from './machine-facts.ts';
import { writeResults } from './results-file.ts';
import type { StreamScenario } from './scenarios.ts';
import { startSluiceUnderLoad } from './sluice.ts';
import { readChatStream } from './stream-client.ts';
import { streamBody } from './stream-prompt.ts';
import { sampleOf, type StreamSample } from './stream-sample.ts';
import { direct, judgeStreams, peer, renderStreams, summariseStreams } from './stream-summary.ts';
import { startTied } from './tied-process.ts';

/** What the upstream is asked for: 0.4 s of chunks at the pace of a quick model. */
const pace = { chunks: 40, intervalMs: 10 } as const;
const streamSeconds = (pace.chunks * pace.intervalMs) / 1000;
const silenceMs = 30_000;
const warmUpPace = { chunks: 10, intervalMs: 2 } as const;
const warmUpConnections = 4;

/** Where a stream is asked for: the upstream itself or a gateway before it. */
interface Subject {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent;
}

/** The paced upstream as a process that dies with this one. */
export async function startPacedUpstream(): Promise<{ url: string; pid: number; stop(): Promise<void> }> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}/v1`;
  const main = join(import.meta.dirname, 'streaming-upstream-main.ts');
  const upstream = await startTied('paced upstream', process.execPath, [main, String(port)], {
    isReady: async () => (await fetch(`${url}/models`)).ok,
  });
  return { ...upstream, url };
}

/** Measures what each gateway adds to streams, stream by stream in turn. @throws Error when a stream was not whole */
export async function measureStreaming(
  options: BenchOptions,
  scenarios: readonly StreamScenario[],
  folders: BenchFolders,
  machine: MachineFacts,
  log: (line: string) => void,
): Promise<void> {
  const litellm = installLitellm(folders.cache, log);
  await using running = new AsyncDisposableStack();
  const upstream = running.adopt(await startPacedUpstream(), (server) => server.stop());
  log('starting Sluice for streams …');
  const sluice = running.adopt(await startSluiceUnderLoad(join(folders.run, 'sluice-streams'), upstream.url), (gateway) => gateway.stop());
  const gateways: Omit<Subject, 'agent'>[] = [
    { name: direct, url: `${upstream.url}/chat/completions`, headers: {} },
    { name: 'sluice all', url: sluice.url, headers: sluice.headers({ policy: 'all' }) },
    { name: 'sluice lean', url: sluice.url, headers: sluice.headers({ policy: 'lean' }) },
  ];
  const versions = [sluice.version];
  if ('unavailable' in litellm) log(`SKIPPED litellm, and the bars beside it: ${litellm.unavailable}`);
  else {
    log(`starting litellm ${litellm.version} …`);
    const gateway = running.adopt(await startLitellm(litellm, join(folders.run, 'litellm'), upstream.url), (started) => started.stop());
    gateways.push({ name: peer, url: gateway.url, headers: gateway.headers({}) });
    versions.push(gateway.version);
  }
  const subjects = gateways.map((gateway) => ({ ...gateway, agent: new Agent({ keepAlive: true }) }));
  running.defer(() => {
    for (const { agent } of subjects) agent.destroy();
  });

  for (const scenario of scenarios) {
    await warmUp(subjects, options.warmUpSeconds);
    const samples: StreamSample[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      samples.push(...(await askInTurn(subjects, scenario, round, options.seconds)));
      log(`round ${round}/${options.rounds} ${scenario.name}`);
    }
    const hits = await sluice.cacheHits();
    if (hits > 0) throw new Error(`${hits} streams were answered by the cache; no figure holds`);
    const summaries = summariseStreams(samples);
    const bars = scenario.judged ? judgeStreams(summaries) : [];
    const title = `${scenario.name}: ${scenario.connections} stream(s) at once, ${pace.chunks} chunks ${pace.intervalMs} ms apart; times without the upstream's own`;
    process.stdout.write(`\n${renderStreams(title, summaries, bars)}`);
    const at = new Date().toISOString();
    const { rounds, seconds, warmUpSeconds } = options;
    const results = {
      at,
      commit: readCommit(),
      machine,
      options: { rounds, seconds, warmUpSeconds, ...pace, connections: scenario.connections },
      gateways: versions,
      skipped: 'unavailable' in litellm ? [`litellm: ${litellm.unavailable}`] : [],
      bars,
      summaries,
      // Of each stream only what the table cannot give back: all chunks would be megabytes.
      firstTokenUs: firstTokensByRound(samples),
    };
    log(`results in ${writeResults(folders.results, at, scenario.name, results)}`);
  }
}

function firstTokensByRound(samples: readonly StreamSample[]): { subject: string; round: number; us: number[] }[] {
  return [...Map.groupBy(samples, ({ subject, round }) => `${round} ${subject}`).values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const us = [first, ...others].map(({ firstTokenUs }) => firstTokenUs);
    return [{ subject: first.subject, round: first.round, us }];
  });
}

/** Short streams, as many as there is time for: an engine that compiles while it runs is slow at first, in every gateway here. */
async function warmUp(subjects: readonly Subject[], seconds: number): Promise<void> {
  for (const { url, headers, agent } of subjects) {
    const until = performance.now() + seconds * 1000;
    let serial = 0;
    const worker = async () => {
      while (performance.now() < until) {
        serial += 1;
        await readChatStream({ url, headers, agent, silenceMs, body: streamBody(warmUpPace, serial) });
      }
    };
    await Promise.all(Array.from({ length: warmUpConnections }, worker));
  }
}

/** Every subject in turn, stream by stream, so that all share the machine's noise; each for about so many seconds. */
async function askInTurn(
  subjects: readonly Subject[],
  { connections }: StreamScenario,
  round: number,
  seconds: number,
): Promise<StreamSample[]> {
  const samples: StreamSample[] = [];
  const turns = Math.max(1, Math.round(seconds / streamSeconds));
  for (let turn = 0; turn < turns; turn += 1) {
    // Who comes first changes: a subject must not always find the machine as the same other one left it.
    const first = turn % subjects.length;
    for (const { name, url, headers, agent } of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      const streams = Array.from({ length: connections }, (_, index) =>
        readChatStream({ url, headers, agent, silenceMs, body: streamBody(pace, turn + index) }),
      );
      for (const stream of await Promise.all(streams)) samples.push(sampleOf(name, round, stream, pace.chunks));
    }
  }
  return samples;
}
