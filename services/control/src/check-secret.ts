import type { CheckSurroundings } from './check-provider.ts';
import { isUnset } from './environment.ts';
import type { Problem } from './problem.ts';
import { looksLikeSecret, referencedVariable } from './secret-shape.ts';

/**
 * A secret stands in the file as `${NAME}`, or as a word such as `none` where a server wants any. The value is never repeated.
 * @param example name of a variable for the advice
 */
export function checkSecret(
  written: string,
  path: Problem['path'],
  example: string,
  { environment, error, warning }: CheckSurroundings,
): void {
  const variable = referencedVariable(written);
  if (variable !== undefined) {
    // A warning only: the router resolves it, and it may hold secrets that control does not.
    if (isUnset(environment, variable)) warning(path, `the environment variable ${variable} is not set here; the router needs it`);
  } else if (written.includes('${')) {
    error(path, 'must be ${NAME} of an environment variable and nothing around it');
  } else if (looksLikeSecret(written)) {
    error(
      path,
      `looks like a real key, and secrets may not stand in the file; put it into an environment variable and write \${${example}}`,
    );
  }
}
