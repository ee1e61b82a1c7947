import { readFileSync, rmSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** One running process of `npm start`. */
export interface RunningProcess {
  /** What it is, e.g. `metering`, `nats`, `postgres`, `sim`. */
  readonly name: string;
  /** Its own name, e.g. `metering-2`. */
  readonly instance: string;
  readonly pid: number;
  /** Ports it listens on, by purpose. */
  readonly ports: Readonly<Record<string, number>>;
  readonly restarts: number;
}

/** `run.json` in the data directory: who runs, for tests and scripts. */
export interface RunState {
  readonly supervisor: number;
  readonly url: string;
  readonly controlUrl: string;
  readonly ready: boolean;
  readonly processes: readonly RunningProcess[];
}

/** Owns a data directory while a supervisor runs. */
export class RunFile {
  readonly #path: string;
  readonly #lock: string;

  private constructor(dataDir: string) {
    this.#path = join(dataDir, 'run.json');
    this.#lock = join(dataDir, 'supervisor.lock');
  }

  /** @throws Error naming the process that has the directory */
  static claim(dataDir: string): RunFile {
    const file = new RunFile(dataDir);
    // Two tries: a lock left by a killed supervisor is taken away once.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        writeFileSync(file.#lock, String(process.pid), { flag: 'wx' });
        return file;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
        const owner = Number(readFileSync(file.#lock, 'utf8'));
        if (owner !== process.pid && isSupervisor(owner)) {
          throw new Error(`Sluice already runs on ${dataDir} (process ${owner}); stop it, or set SLUICE_DATA_DIR to another folder`, {
            cause: error,
          });
        }
        rmSync(file.#lock, { force: true });
      }
    }
    throw new Error(`another start took ${dataDir} at the same time`);
  }

  /** Readers see the old state or the new, never half of one. */
  write(state: RunState): void {
    writeFileSync(`${this.#path}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
    renameSync(`${this.#path}.new`, this.#path);
  }

  release(): void {
    rmSync(this.#path, { force: true });
    rmSync(this.#lock, { force: true });
  }
}

/** The state of the supervisor that runs on a data directory, or nothing. */
export function readRunState(dataDir: string): RunState | undefined {
  try {
    // Safe: only RunFile.write makes this file, and it replaces it in one step.
    return JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as RunState;
  } catch {
    return undefined;
  }
}

/** A pid may have been given to something else since: where /proc tells, the command line decides. */
function isSupervisor(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('node');
  } catch {
    return true;
  }
}
