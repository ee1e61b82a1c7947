import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endChild, findFreePorts, hasEnded } from '@sluice/testing';
import { readRunState } from './run-file.ts';
import type { Running } from './run-local.ts';

export interface StartSluiceOptions {
  /** Absolute; made when it does not exist, kept by `stop`. */
  readonly dataDir: string;
  /** Of the endpoint; absent: a free one. */
  readonly port?: number;
  /** Added to this process's environment, for all services. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text of a sluice.yaml. */
  readonly config?: string;
  /** Services that are not started. */
  readonly disabled?: readonly string[];
  /** Instances of a service, e.g. `{ metering: 3 }`. */
  readonly replicas?: Readonly<Record<string, number>>;
}

export interface StartedSluice extends Running {
  /** Process ids by name (`metering` has all its replicas; also `nats`, `postgres`, `sim`, `supervisor`), as of now. */
  pids(): Record<string, number[]>;
  /** Sends a signal to every process of a name; the supervisor then starts them again. @returns how many there were */
  kill(name: string, signal?: NodeJS.Signals): number;
  /** Port of the first process of a name, e.g. `sim`. */
  port(name: string): number | undefined;
  /** Stops everything in order; resolves when all are gone. */
  stop(): Promise<void>;
  /** What all processes printed, the last 4 million characters. */
  logs(): string;
}

const maxLogCharacters = 4_000_000;
/** The supervisor gives each of three layers up to 12 s. */
const stopBudgetMs = 40_000;

/** Starts what `npm start` starts, as a process of its own, and waits until it is ready. It dies with this process. */
export async function startSluice(options: StartSluiceOptions): Promise<StartedSluice> {
  mkdirSync(options.dataDir, { recursive: true });
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, ...(await environmentOf(options)) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-maxLogCharacters);
    });
  }
  const running = await readyMessage(child).catch(async (error: unknown) => {
    await endChild(child, 'SIGTERM', stopBudgetMs);
    throw new Error(`Sluice did not start:\n${output.slice(-8_000)}`, { cause: error });
  });
  const pids = () => pidsOf(options.dataDir);
  return {
    ...running,
    pids,
    kill: (name, signal = 'SIGKILL') => {
      const found = pids()[name] ?? [];
      for (const pid of found) process.kill(pid, signal);
      return found.length;
    },
    port: (name) => Object.values(readRunState(options.dataDir)?.processes.find((process) => process.name === name)?.ports ?? {})[0],
    stop: () => endChild(child, 'SIGTERM', stopBudgetMs),
    logs: () => output,
  };
}

async function environmentOf(options: StartSluiceOptions): Promise<Record<string, string>> {
  const [port = 0, controlPort = 0] = await findFreePorts(2);
  const environment: Record<string, string> = {
    SLUICE_DATA_DIR: options.dataDir,
    SLUICE_PORT: String(options.port ?? port),
    SLUICE_CONTROL_PORT: String(controlPort),
    SLUICE_SERVICES_DISABLED: (options.disabled ?? []).join(','),
    SLUICE_REPLICAS: Object.entries(options.replicas ?? {})
      .map(([name, count]) => `${name}=${count}`)
      .join(','),
  };
  if (options.config !== undefined) {
    environment.SLUICE_CONFIG = join(options.dataDir, 'sluice.yaml');
    writeFileSync(environment.SLUICE_CONFIG, options.config);
  }
  return { ...environment, ...options.env };
}

function readyMessage(child: ChildProcess): Promise<Running> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code, signal) => {
      reject(new Error(`it ended with ${code ?? signal ?? 'nothing'}`));
    });
    child.once('error', reject);
    child.once('message', (message) => {
      // Safe: main.ts sends this one message only, and has the shape from the same type.
      resolve(message as unknown as Running);
    });
    if (hasEnded(child)) reject(new Error('it did not start'));
  });
}

function pidsOf(dataDir: string): Record<string, number[]> {
  const state = readRunState(dataDir);
  const found: Record<string, number[]> = {};
  if (state === undefined) return found;
  found.supervisor = [state.supervisor];
  for (const { name, pid } of state.processes) (found[name] ??= []).push(pid);
  return found;
}
