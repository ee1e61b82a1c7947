import { appendFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ProviderAttempt, UsageSubject } from '@sluice/contracts';

/** A call as it began: what its line in the ledger would be if nobody ever told how it ended. */
export interface JournalledCall {
  readonly subject: UsageSubject;
  /** Epoch ms: by then its request has ended. */
  readonly deadline: number;
  readonly attempt: ProviderAttempt;
}

/** How a call ended. */
export interface JournalledEnd {
  readonly requestId: string;
  readonly attempt: ProviderAttempt;
}

/** Calls that began, as a file of the journal has them. A line that was torn by the end of its process is left out. */
export async function readCalls(path: string): Promise<JournalledCall[]> {
  return (await linesOf(path)).filter((line) => line.startsWith('B')).flatMap((line) => parse<JournalledCall>(line));
}

const endPattern = /^E\{"requestId":"([^"]*)"/;

/** Ends of the calls that are looked for, from the files of a journal: a call may end files after the one in which it began. */
export async function readEnds(paths: readonly string[], wanted: ReadonlySet<string>): Promise<Map<string, JournalledEnd>> {
  const found = new Map<string, JournalledEnd>();
  const requests = new Set([...wanted].map((name) => name.slice(0, name.indexOf(' '))));
  for (const path of paths) {
    if (found.size === wanted.size) break;
    for (const line of await linesOf(path)) {
      if (!requests.has(endPattern.exec(line)?.[1] ?? '')) continue;
      for (const end of parse<JournalledEnd>(line)) {
        const name = callName(end.requestId, end.attempt);
        if (wanted.has(name)) found.set(name, end);
      }
    }
  }
  return found;
}

/** Keeps ends in the file of their calls: those in which they were written may be gone when they are looked for. */
export function keepEnds(path: string, ends: readonly JournalledEnd[]): void {
  append(path, ends.map(endLine));
}

/** Names of the calls that the ledger was told of: a router that takes the journal over says nothing twice, which would be a gap in its numbers. */
export async function readTold(path: string): Promise<Set<string>> {
  return new Set((await linesOf(path)).filter((line) => line.startsWith('T')).flatMap((line) => parse<string>(line)));
}

export function writeTold(path: string, names: readonly string[]): void {
  append(
    path,
    names.map((name) => `T${JSON.stringify(name)}\n`),
  );
}

export function callLine(call: JournalledCall): string {
  return `B${JSON.stringify(call)}\n`;
}

export function endLine({ requestId, attempt }: JournalledEnd): string {
  return `E${JSON.stringify({ requestId, attempt })}\n`;
}

export function callName(requestId: string, { id }: Pick<ProviderAttempt, 'id'>): string {
  return `${requestId} ${id ?? ''}`;
}

function append(path: string, lines: readonly string[]): void {
  // A line that was torn before is ended first.
  if (lines.length > 0) appendFileSync(path, `\n${lines.join('')}`);
}

async function linesOf(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).split('\n');
}

/** Only these functions write such lines, so one that is JSON has its shape. */
function parse<Entry>(line: string): Entry[] {
  try {
    return [JSON.parse(line.slice(1)) as Entry];
  } catch {
    return [];
  }
}
