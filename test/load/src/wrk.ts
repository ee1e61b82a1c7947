import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { upstreamModel } from './upstream.ts';

export interface Load {
  readonly url: string;
  /** Headers of each client; they ask in turn. */
  readonly clients: readonly Readonly<Record<string, string>>[];
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const script = join(import.meta.dirname, 'request.lua');
/** Beyond its own length wrk needs a moment; more means that it hangs. */
const graceMs = 30_000;

/** Loads a gateway with one thread of wrk. @throws Error when any request got no answer or one that is not 2xx or 3xx */
export async function runWrk({ url, clients, connections, seconds }: Load): Promise<LoadResult> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url, '--', uniqueWord(), upstreamModel];
  const headers = clients.flatMap((client) => ['client', ...Object.entries(client).flat()]);
  const { stdout } = await promisify(execFile)('wrk', [...args, ...headers], { timeout: seconds * 1000 + graceMs });
  return readWrkResult(stdout);
}

/** Reads the line that request.lua prints. */
export function readWrkResult(stdout: string): LoadResult {
  const line = /^RESULT (.*)$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`wrk printed no result:\n${stdout.slice(0, 2_000)}`);
  // Safe: request.lua prints these members, all numbers.
  const result = JSON.parse(line) as Record<
    'requests' | 'durationUs' | 'p50Us' | 'p99Us' | 'statusErrors' | 'socketErrors' | 'timeouts',
    number
  >;
  const { requests, durationUs, p50Us, p99Us, statusErrors, socketErrors, timeouts } = result;
  if (statusErrors + socketErrors + timeouts > 0 || requests === 0) {
    throw new Error(`of ${requests} requests ${statusErrors} were refused, ${socketErrors} lost, ${timeouts} too late; no figure holds`);
  }
  return { requests, requestsPerSecond: (requests * 1e6) / durationUs, p50Us, p99Us };
}

/** Letters only, for the same reason as in request.lua. */
function uniqueWord(): string {
  return [...randomBytes(12)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('');
}
