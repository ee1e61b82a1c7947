import { isCollection, isMap, isNode, isPair, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { Problem } from './problem.ts';

/** A configuration with 10,000 models is 2 MiB; what is larger is a wrong file. */
export const maxDocumentBytes = 4 * 1024 * 1024;

/** YAML aliases may be followed this often: enough for anchors of a real file, too few for an alias bomb. */
const maxAliases = 1_000;

export type Path = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A parsed text that still knows where each value stands. */
export interface ReadDocument {
  /** `undefined` for an empty text. */
  readonly value: unknown;
  /** Position of the value at a path, or of its nearest parent that exists. */
  locate(path: Path): Position;
}

export type ReadResult =
  { readonly ok: true; readonly document: ReadDocument } | { readonly ok: false; readonly problems: readonly Problem[] };

/** Reads YAML or JSON. Never throws: whatever is wrong with the text becomes a problem with its position. */
export function readDocument(text: string): ReadResult {
  if (Buffer.byteLength(text) > maxDocumentBytes) return refuse(`is larger than ${maxDocumentBytes} bytes; is this the right file?`);
  const lines = new LineCounter();
  try {
    const parsed = parseDocument(text, { lineCounter: lines, logLevel: 'error', prettyErrors: false, stringKeys: true });
    if (parsed.errors.length > 0) {
      return {
        ok: false,
        problems: parsed.errors.map((error) => {
          const { line, col } = lines.linePos(error.pos[0]);
          return { severity: 'error', path: [], line, column: col, message: `is not valid YAML: ${firstLine(error.message)}` };
        }),
      };
    }
    const value: unknown = parsed.toJS({ maxAliasCount: maxAliases });
    return { ok: true, document: { value: value ?? undefined, locate: (path) => locate(parsed, lines, path) } };
  } catch (error) {
    if (error instanceof RangeError) return refuse('nests too deeply; a configuration has at most eight levels');
    return refuse(`cannot be read as YAML: ${error instanceof Error ? firstLine(error.message) : 'unknown cause'}`);
  }
}

function refuse(message: string): ReadResult {
  return { ok: false, problems: [{ severity: 'error', path: [], line: 1, column: 1, message }] };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function locate(parsed: Document, lines: LineCounter, path: Path): Position {
  let node: unknown = parsed.contents;
  let offset = offsetOf(node) ?? 0;
  for (const part of path) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(isNode(item.key) ? item.key.toJSON() : item.key) === String(part));
      if (pair === undefined) break;
      offset = offsetOf(pair.value) ?? offsetOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      node = node.get(part, true);
      offset = offsetOf(node) ?? offset;
    }
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
