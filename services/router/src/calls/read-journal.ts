import { appendFileSync, readFileSync } from 'node:fs';
import type { JournalledCall, JournalledEnd } from './call-journal.ts';

/** Calls that began, as a file of the journal has them. A line that was torn by the end of its process is left out. */
export function readCalls(path: string): JournalledCall[] {
  return lines(path)
    .filter((line) => line.startsWith('B'))
    .flatMap((line) => parse<JournalledCall>(line));
}

/** Ends of the calls that are looked for, from the files of a journal. */
export function readEnds(paths: readonly string[], wanted: ReadonlySet<string>): Map<string, JournalledEnd['attempt']> {
  const found = new Map<string, JournalledEnd['attempt']>();
  for (const path of paths) {
    for (const line of lines(path)) {
      if (!line.startsWith('E')) continue;
      for (const { requestId, attempt } of parse<JournalledEnd>(line)) {
        const name = callName(requestId, attempt.id);
        if (wanted.has(name)) found.set(name, attempt);
      }
    }
  }
  return found;
}

/** Names of the calls that the ledger was told of: a router that takes the journal over says nothing twice, which would be a gap in its numbers. */
export function readTold(path: string): Set<string> {
  return new Set(
    lines(path)
      .filter((line) => line.startsWith('T'))
      .flatMap((line) => parse<string>(line)),
  );
}

export function writeTold(path: string, names: readonly string[]): void {
  // A line that was torn before is ended first.
  appendFileSync(path, `\n${names.map((name) => `T${JSON.stringify(name)}\n`).join('')}`);
}

export function callName(requestId: string, attempt: string | undefined): string {
  return `${requestId} ${attempt ?? ''}`;
}

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n');
}

/** Only {@link CallJournal} writes these files, so a line that is JSON has its shape. */
function parse<Entry>(line: string): Entry[] {
  try {
    return [JSON.parse(line.slice(1)) as Entry];
  } catch {
    return [];
  }
}
