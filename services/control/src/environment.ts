/** Variables by name, as far as configuration refers to them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as none. */
export function isUnset(environment: Environment, variable: string): boolean {
  return (environment[variable] ?? '') === '';
}
