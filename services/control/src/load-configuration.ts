import type { ConfigurationInput } from '@sluice/contracts';
import { checkReferences } from './check-references.ts';
import { checkSchema } from './check-schema.ts';
import type { CheckedDocument } from './check-schema.ts';
import { completeConfiguration } from './complete-configuration.ts';
import type { CompleteOptions } from './complete-configuration.ts';
import { errorsOf } from './problem.ts';
import type { Problem } from './problem.ts';
import { readDocument } from './read-document.ts';
import type { Position, Path } from './read-document.ts';

export type LoadResult =
  | {
      readonly ok: true;
      readonly checked: CheckedDocument;
      readonly asWritten: ConfigurationInput | undefined;
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** From text (YAML or JSON; empty: all defaults) to a complete, checked configuration, or every fault of it. Never throws. */
export function loadConfiguration(text: string, options: CompleteOptions): LoadResult {
  const read = readDocument(text);
  if (!read.ok) return { ok: false, problems: read.problems };
  const { document } = read;
  const locate = (path: Path): Position => document.locate(path);
  const written = document.value === undefined ? undefined : checkSchema(document.value);
  if (written !== undefined && !written.ok) return { ok: false, problems: place(written.problems, locate) };
  return loadWritten(written?.checked.written, options, locate);
}

/** The same for a document that was checked before, such as a stored version. */
export function loadWritten(
  written: ConfigurationInput | undefined,
  options: CompleteOptions,
  locate?: (path: Path) => Position,
): LoadResult {
  const completed = checkSchema(completeConfiguration(written, options));
  if (!completed.ok) return { ok: false, problems: place(completed.problems, locate) };
  const problems = place(checkReferences(completed.checked.configuration, options.environment), locate);
  if (errorsOf(problems).length > 0) return { ok: false, problems };
  return { ok: true, checked: completed.checked, asWritten: written, warnings: problems };
}

/** With their positions, in the order of the file. */
function place(problems: readonly Problem[], locate: ((path: Path) => Position) | undefined): readonly Problem[] {
  if (locate === undefined) return problems;
  return problems
    .map((problem) => ({ ...problem, ...locate(problem.path) }))
    .sort((left, right) => left.line - right.line || left.column - right.column);
}
