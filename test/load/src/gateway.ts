import type { ProcessGroups } from './process-usage.ts';
import type { Scenario } from './scenarios.ts';

/** A gateway under load. */
export interface Gateway {
  readonly version: string;
  /** Of chat completions. */
  readonly url: string;
  /** What a client of this scenario sends besides the content type. */
  headers(scenario: Pick<Scenario, 'policy'>): Readonly<Record<string, string>>;
  /** The same of several clients that ask in turn; absent: there is one. */
  clients?(scenario: Pick<Scenario, 'policy'>): readonly Readonly<Record<string, string>>[];
  processes(): ProcessGroups;
  /** What is still to be done for requests that were answered, by kind; absent: nothing is ever left. */
  unfinished?(): Promise<Readonly<Record<string, number>>>;
}
