import type { Bar } from './bars.ts';
import type { Ratios, Summary } from './summary.ts';

/** Everything a person wants to know of a run, as text. */
export function renderTables(summaries: readonly Summary[], bars: readonly Bar[]): string {
  return [speedTable(summaries), cpuTable(summaries), memoryTable(summaries), barTable(bars)].join('\n');
}

function speedTable(summaries: readonly Summary[]): string {
  const head = ['medians', 'req/s', 'lowest–highest', 'x', 'p50 ms', 'x', 'p99 ms', 'x', 'CPU µs/req', 'x', 'at end of load', 'ledger lag'];
  const rows = summaries.map((summary) => {
    const ratio = (name: keyof Ratios) => summary.ratios?.[name].toFixed(2) ?? '';
    return [
      summary.scenario,
      summary.requestsPerSecond.toFixed(0),
      summary.requestsPerSecondRange.map((rate) => rate.toFixed(0)).join('–'),
      ratio('requestsPerSecond'),
      (summary.p50Us / 1000).toFixed(2),
      ratio('p50'),
      (summary.p99Us / 1000).toFixed(2),
      ratio('p99'),
      summary.cpuSumUs.toFixed(0),
      ratio('cpu'),
      summary.cpuSumAtEndOfLoadUs.toFixed(0),
      lag(summary.lagMs['ledger rows']),
    ];
  });
  return `x: times Portkey's figure. CPU: all processes that count, until the ledger has every row.\n${renderTable([head, ...rows])}`;
}

function lag(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : `${(milliseconds / 1000).toFixed(1)} s`;
}

function cpuTable(summaries: readonly Summary[]): string {
  return `\nCPU µs a request of each process (stages outside a scenario's slip, sim, supervisor, nginx and wrk are not in the sum)\n${byProcess(
    summaries,
    (summary) => summary.cpuUs,
    (us) => us.toFixed(us < 10 ? 1 : 0),
  )}`;
}

function memoryTable(summaries: readonly Summary[]): string {
  return `\nRSS of each process, MB, highest of any round\n${byProcess(
    summaries,
    (summary) => summary.residentBytes,
    (bytes) => (bytes / 1e6).toFixed(0),
  )}`;
}

function byProcess(
  summaries: readonly Summary[],
  figures: (summary: Summary) => Readonly<Record<string, number>>,
  format: (figure: number) => string,
): string {
  const names = [...new Set(summaries.flatMap((summary) => Object.keys(figures(summary))))];
  const rows = names.map((name) => [
    name,
    ...summaries.map((summary) => {
      const figure = figures(summary)[name];
      return figure === undefined ? '' : format(figure);
    }),
  ]);
  return renderTable([['process', ...summaries.map((summary) => summary.scenario)], ...rows]);
}

function barTable(bars: readonly Bar[]): string {
  const rows = bars.map(({ name, wanted, measured, passed }) => [name, wanted, measured, passed ? 'pass' : 'MISSED']);
  return rows.length === 0 ? '' : `\n${renderTable([['bar', 'wanted', 'measured', ''], ...rows])}`;
}

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return `${[line(head), rule, ...body.map(line)].join('\n')}\n`;
}
