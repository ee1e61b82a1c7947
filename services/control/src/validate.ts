import { readFile } from 'node:fs/promises';
import type { Environment } from './environment.ts';
import type { ModelCatalog } from './complete-configuration.ts';
import { discoverProviders } from './discover-providers.ts';
import { loadConfiguration } from './load-configuration.ts';
import { formatProblem } from './problem.ts';

export interface ValidateOptions {
  readonly file: string | undefined;
  readonly environment: Environment;
  readonly fetch: typeof globalThis.fetch;
  readonly catalog: ModelCatalog;
  readonly print: (line: string) => void;
}

/** `--validate <file>`: prints each fault on a line of its own. Resolves to the process's exit code. */
export async function validate(options: ValidateOptions): Promise<0 | 1> {
  const { file, environment, catalog, fetch, print } = options;
  if (file === undefined) {
    print('--validate: name the file to check, e.g. --validate sluice.yaml');
    return 1;
  }
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    print(
      `${file}: cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'unknown cause'}); check the path and its permissions`,
    );
    return 1;
  }
  const result = loadConfiguration(text, { found: await discoverProviders({ environment, fetch }), catalog, environment });
  for (const problem of result.ok ? result.warnings : result.problems) print(formatProblem(problem, file));
  if (result.ok) print(`${file}: valid`);
  return result.ok ? 0 : 1;
}
