import type { CellResult } from './cells.ts';
import { modes } from './fake-upstream.ts';

/** Passed of all, for each provider, dialect, mode, plain and streamed; then what failed and why. */
export function renderResults(results: readonly CellResult[], untouched: readonly string[]): string {
  const columns = ['chat', 'responses', 'messages', 'completions', 'embeddings'] as const;
  const providers = [...new Set(results.map(({ recording }) => recording.provider))];
  const lines: string[] = [];
  for (const mode of modes) {
    lines.push('', `mode ${mode}`, row(['provider', ...columns.flatMap((dialect) => [dialect, '(stream)'])]));
    for (const provider of [...providers, undefined]) {
      const cells = columns.flatMap((dialect) =>
        [false, true].map((streamed) =>
          share(
            results.filter(
              (result) =>
                result.mode === mode &&
                result.dialect === dialect &&
                result.recording.streamed === streamed &&
                (provider === undefined || result.recording.provider === provider),
            ),
          ),
        ),
      );
      lines.push(row([provider ?? 'all', ...cells]));
    }
  }
  const failed = results.filter(({ faults }) => faults.length > 0);
  lines.push('', `${results.length - failed.length} of ${results.length} passed; reached by no dialect: ${untouched.length}`);
  for (const { recording, dialect, mode, faults } of failed) {
    const form = recording.streamed ? 'stream' : 'plain';
    lines.push(`  ${recording.provider}/${recording.name} ${form} as ${dialect} (${mode}): ${faults.join('; ')}`);
  }
  for (const name of untouched) lines.push(`  not asked: ${name}`);
  return `${lines.join('\n')}\n`;
}

function share(results: readonly CellResult[]): string {
  if (results.length === 0) return '';
  return `${results.filter(({ faults }) => faults.length === 0).length}/${results.length}`;
}

function row(cells: readonly string[]): string {
  const [head = '', ...others] = cells;
  return `${head.padEnd(20)}${others.map((cell) => cell.padStart(12)).join('')}`.trimEnd();
}
