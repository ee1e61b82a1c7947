import { readdir, readFile } from 'node:fs/promises';

/** Linux counts processor time in hundredths of a second. */
const tickUs = 10_000;

/** Processor time, in µs, of a process and its children, those that have ended too: of a PostgreSQL server with its sessions. */
export async function processorTimeUs(pid: number): Promise<number> {
  let ticks = 0;
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // After the name in brackets: state, parent, ...; the time of its own, and of children that it has waited for.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [own, ended] = [Number(fields[11] ?? 0) + Number(fields[12] ?? 0), Number(fields[13] ?? 0) + Number(fields[14] ?? 0)];
    if (entry === String(pid)) ticks += own + ended;
    else if (fields[1] === String(pid)) ticks += own;
  }
  return ticks * tickUs;
}
