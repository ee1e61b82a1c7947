import { parseArgs } from 'node:util';
import { admission, scenarios, slowStreams, streamScenarios, type Scenario, type StreamScenario } from './scenarios.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly scenarios: readonly Scenario[];
  readonly streams: readonly StreamScenario[];
  /** Whether a thousand slow streams are held open too. */
  readonly slowStreams: boolean;
  /** Whether it is measured what limits cost. */
  readonly admission: boolean;
  /** Services whose processor time is taken apart, instead of a comparison. */
  readonly profile: readonly string[];
  /** Ends the run when the machine is busy before it starts. */
  readonly strict: boolean;
}

const known = [...scenarios.map((scenario) => scenario.name), ...streamScenarios.map((scenario) => scenario.name), slowStreams, admission];

export const usage = `npm run bench -- [options]
  --rounds N        rounds, default 5; the table has their medians
  --seconds N       length of one measurement, default 8
  --warm-up N       seconds of load before each measurement, default 2
  --scenario A,B    of ${known.join(', ')}
  --profile A,B     where these services (or postgres) spend their time under the first scenario; no comparison
  --strict          refuse to measure on a busy machine instead of warning`;

const maxRounds = 100;
const maxSeconds = 600;
const profiled = ['ingress', 'metering', 'guardrail', 'masking', 'cache', 'router', 'billing', 'control', 'postgres'];

/** @throws Error that names the option at fault */
export function readBenchOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '8' },
      'warm-up': { type: 'string', default: '2' },
      scenario: { type: 'string', default: '' },
      profile: { type: 'string', default: '' },
      strict: { type: 'boolean', default: false },
    },
  });
  const named = listed('scenario', values.scenario, known);
  return {
    rounds: wholeNumber('rounds', values.rounds, maxRounds),
    seconds: wholeNumber('seconds', values.seconds, maxSeconds),
    warmUpSeconds: wholeNumber('warm-up', values['warm-up'], maxSeconds),
    scenarios: scenarios.filter(({ name }) => named.includes(name)),
    streams: streamScenarios.filter(({ name }) => named.includes(name)),
    slowStreams: named.includes(slowStreams),
    admission: named.includes(admission),
    profile: values.profile === '' ? [] : listed('profile', values.profile, profiled),
    strict: values.strict,
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new Error(`--${name}: give a whole number from 1 to ${most}, not "${text}"`);
  return value;
}

/** Nothing named means all. */
function listed(name: string, text: string, known: readonly string[]): string[] {
  if (text === '') return [...known];
  const names = text.split(',').map((entry) => entry.trim());
  const unknown = names.find((entry) => !known.includes(entry));
  if (unknown !== undefined) throw new Error(`--${name}: there is no "${unknown}"; there are ${known.join(', ')}`);
  return names;
}
