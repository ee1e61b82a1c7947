import { readdirSync, readFileSync } from 'node:fs';

/** Process ids by the name they are listed under. */
export type ProcessGroups = Readonly<Record<string, readonly number[]>>;

/** Linux reports processor time in ticks of USER_HZ, which is 100 on every architecture that Node runs on. */
const microsecondsPerTick = 10_000;
/** Deeper descent would be a loop made by pids that changed hands between two reads. */
const maxDepth = 16;

interface ProcessStat {
  readonly parent: number;
  /** Its own time and that of its children that have ended. */
  readonly ticks: number;
}

/** Processor time used so far by each group, µs: its processes, their ended children and the living ones that no other group names. */
export function cpuMicroseconds(groups: ProcessGroups): Record<string, number> {
  const table = readProcessTable();
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of table) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const named = new Set(Object.values(groups).flat());
  const ticks = (pid: number, depth: number): number => {
    const below = depth >= maxDepth ? [] : (children.get(pid) ?? []).filter((child) => !named.has(child));
    return below.reduce((sum, child) => sum + ticks(child, depth + 1), table.get(pid)?.ticks ?? 0);
  };
  return Object.fromEntries(
    Object.entries(groups).map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + ticks(pid, 0), 0) * microsecondsPerTick]),
  );
}

/** Processor time of this process's children that have ended, µs. */
export function endedChildrenMicroseconds(): number {
  return parseStat(readFileSync('/proc/self/stat', 'utf8')).endedChildren * microsecondsPerTick;
}

/** Memory in RAM of the largest process of each group, bytes. */
export function residentBytes(groups: ProcessGroups): Record<string, number> {
  return Object.fromEntries(Object.entries(groups).map(([name, pids]) => [name, Math.max(0, ...pids.map(residentBytesOf))]));
}

/** Memory in RAM of all processes of each group together, bytes. */
export function residentBytesInAll(groups: ProcessGroups): Record<string, number> {
  return Object.fromEntries(Object.entries(groups).map(([name, pids]) => [name, pids.reduce((sum, pid) => sum + residentBytesOf(pid), 0)]));
}

function residentBytesOf(pid: number): number {
  const status = readOrEmpty(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function readProcessTable(): Map<number, ProcessStat> {
  const table = new Map<number, ProcessStat>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const text = readOrEmpty(`/proc/${entry}/stat`);
    if (text === '') continue;
    const { parent, own, endedChildren } = parseStat(text);
    table.set(Number(entry), { parent, ticks: own + endedChildren });
  }
  return table;
}

/** See proc_pid_stat(5). The name, in brackets, may hold spaces and brackets; what follows the last bracket is numbers. */
export function parseStat(text: string): { parent: number; own: number; endedChildren: number } {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // Field 3 of the manual (state) stands at 0.
  const field = (number: number) => Number(fields[number - 3]);
  return { parent: field(4), own: field(14) + field(15), endedChildren: field(16) + field(17) };
}

/** A process may end between the listing and the reading. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
