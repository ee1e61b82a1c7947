import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds. */
export interface ProcessState {
  readonly residentMegabytes: number;
  /** Open files and sockets. */
  readonly descriptors: number;
}

/** Of the one process of this name. */
export function processState(pids: Readonly<Record<string, readonly number[]>>, name: string): ProcessState {
  const [pid] = pids[name] ?? [];
  if (pid === undefined) throw new Error(`no process "${name}" runs`);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const residentKilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  return { residentMegabytes: Math.round(residentKilobytes / 1_024), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
