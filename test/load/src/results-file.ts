import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file a kind of run, named by its time. @returns its path */
export function writeResults(folder: string, at: string, kind: string, results: unknown): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${at.slice(0, 19).replaceAll(':', '')}${kind === '' ? '' : `-${kind}`}.json`);
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  return file;
}
