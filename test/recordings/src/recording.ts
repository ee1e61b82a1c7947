import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, textAt } from './json-path.ts';
import { wireOfAnswer, wireOfEvents, type WireKind } from './wire.ts';

/** What a provider once sent. */
export interface Recording {
  /** Folder: whose answer it is. */
  readonly provider: string;
  /** File name without its ending. */
  readonly name: string;
  readonly streamed: boolean;
  readonly wire: WireKind;
  /** The answer, or one value an event; lines that are no JSON are left out. */
  readonly values: readonly unknown[];
  /** Lines as recorded; of a plain answer one. */
  readonly lines: readonly string[];
  /** Some line is no JSON: the maker sent it so, or the recording was edited so. */
  readonly malformed: boolean;
  /** Bytes as they stand, for a recording that has its framing already. */
  readonly raw?: string;
}

const endings = [
  { ending: '.chunks.txt', read: readLines },
  { ending: '.sse', read: readEventStream },
  { ending: '.json', read: readAnswer },
] as const;

/** Every recording of a folder of folders, in the order of their names. */
export function readRecordings(folder: string): Recording[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .flatMap((provider) =>
      readdirSync(join(folder, provider))
        .sort()
        .flatMap((file) => {
          const kind = endings.find(({ ending }) => file.endsWith(ending));
          if (kind === undefined) return [];
          const text = readFileSync(join(folder, provider, file), 'utf8');
          return [{ provider, name: file.slice(0, -kind.ending.length), ...kind.read(text) }];
        }),
    );
}

type Content = Omit<Recording, 'provider' | 'name'>;

export function readAnswer(text: string): Content {
  const value: unknown = JSON.parse(text);
  return { streamed: false, wire: wireOfAnswer(value), values: [value], lines: [text], malformed: false };
}

/** One event's JSON a line. */
export function readLines(text: string): Content {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const parsed = lines.map(parseLine);
  const values = parsed.filter((value) => value !== undefined);
  return { streamed: true, wire: wireOfEvents(values), values, lines, malformed: values.length < lines.length };
}

function readEventStream(text: string): Content {
  const data = text
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .filter((line) => line !== '[DONE]');
  return { ...readLines(data.join('\n')), raw: text };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

/** The model that answered, where the recording says. */
export function modelOf({ values }: Recording): string | undefined {
  const names = values.map(
    (value) =>
      textAt(value, 'model') ||
      textAt(value, 'modelVersion') ||
      textAt(at(value, 'message'), 'model') ||
      textAt(at(value, 'response'), 'model'),
  );
  return names.find((name) => name !== '');
}
