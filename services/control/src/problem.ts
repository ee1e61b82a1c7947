/** One fault of a configuration: where it is and what to write instead. Never holds a value that may be a secret. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly path: readonly (string | number)[];
  /** What is wrong and the fix, in one line. */
  readonly message: string;
  /** From 1; absent where the configuration did not come as text. */
  readonly line?: number;
  readonly column?: number;
}

/** Notes one fault; the severity is the function's own. */
export type Report = (path: Problem['path'], message: string) => void;

/** `sluice.yaml:3:5: models.0.targets.0.provider: "opnai" is not a provider; did you mean "openai"?` */
export function formatProblem(problem: Problem, source: string): string {
  const position = problem.line === undefined ? '' : `:${problem.line}:${problem.column ?? 1}`;
  const path = problem.path.length === 0 ? '' : `${problem.path.join('.')}: `;
  const severity = problem.severity === 'warning' ? 'warning: ' : '';
  // A line break inside a name would make one problem look like two.
  return `${source}${position}: ${severity}${path}${problem.message}`.replaceAll(/[\r\n]+/g, ' ');
}

export function errorsOf(problems: readonly Problem[]): readonly Problem[] {
  return problems.filter((problem) => problem.severity === 'error');
}
