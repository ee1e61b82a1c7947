import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file a kind of run, named by its time. @returns its path */
export function writeResults(folder: string, at: string, kind: string, results: object): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${at.slice(0, 19).replaceAll(':', '')}${kind === '' ? '' : `-${kind}`}.json`);
  writeFileSync(file, renderResults(results));
  return file;
}

/** JSON with a line for each member, and for each element of a list: a run is a page, and two can be compared. */
export function renderResults(results: object): string {
  // Generic over what a run measures: its entries are only written down.
  const lines = Object.entries(results).map(([name, value]: [string, unknown]) => `  ${JSON.stringify(name)}: ${rendered(value)}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

function rendered(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  return `[\n${value.map((element) => `    ${JSON.stringify(element)}`).join(',\n')}\n  ]`;
}
