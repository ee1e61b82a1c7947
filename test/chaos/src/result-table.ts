import type { ChaosResult } from './run-chaos.ts';

const columns: readonly { readonly title: string; readonly value: (result: ChaosResult) => string }[] = [
  { title: 'killed', value: (result) => result.target },
  { title: 'requests', value: (result) => String(result.requests) },
  { title: 'ok', value: (result) => String(result.ok) },
  { title: 'wrong', value: (result) => String(result.wrong) },
  { title: 'errors', value: (result) => [...result.errors].map(([kind, count]) => `${kind}:${count}`).join(' ') || '-' },
  { title: 'slowest ms', value: (result) => result.slowestMs.toFixed(0) },
  { title: 'ledger rows', value: (result) => String(result.ledgerRows) },
  { title: 'unresolved', value: (result) => String(result.unresolved) },
  { title: 'provider calls', value: (result) => String(result.providerCalls) },
  { title: 'repeated', value: (result) => String(result.repeatedCalls) },
  { title: 'duplicates', value: (result) => String(result.duplicates) },
  { title: 'lost', value: (result) => String(result.lost) },
];

/** The results as a Markdown table with aligned columns. */
export function resultTable(results: readonly ChaosResult[]): string {
  const cells = [columns.map((column) => column.title), ...results.map((result) => columns.map((column) => column.value(result)))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const line = (row: readonly string[]) => `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join('\n');
}
