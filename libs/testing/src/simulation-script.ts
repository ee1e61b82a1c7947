/** Ways in which the simulated provider misbehaves; see README.md for what each does. */
export const simulatedFaults = [
  'reset',
  'hang',
  'hang-stream',
  'truncate',
  'malformed',
  'drip',
  'huge-line',
  'content-type',
  'error-event',
] as const;
export type SimulatedFault = (typeof simulatedFaults)[number];

/** What one call was told to do. */
export interface SimulationScript {
  /** Wait before the headers. */
  readonly latencyMs: number;
  /** Wait before each chunk but the first; 0 sends all in one write. */
  readonly chunkDelayMs: number;
  /** Characters of text in a chunk. */
  readonly chunkCharacters: number;
  /** Pads or cuts the answer to this many tokens. */
  readonly outputTokens: number | undefined;
  /** 200 answers; 400 to 599 refuses. */
  readonly status: number;
  /** Value of `retry-after` on a refusal. */
  readonly retryAfter: string | undefined;
  /** `code` of a refusal in OpenAI's form, such as `context_length_exceeded`. */
  readonly errorCode: string | undefined;
  readonly fault: SimulatedFault | undefined;
  /** Events of a stream that go out before its fault; half of them unless told. */
  readonly faultAfter: number | undefined;
  /** Tokens of thought before the answer; 0: none. */
  readonly reasoningTokens: number;
  /** What it says that the prompt has, in place of its own count. */
  readonly inputTokens: number | undefined;
  /** Of the prompt, as read from a cache. */
  readonly cachedTokens: number;
  /** Names of the tools to call where the last message is the user's; `all`, or `none`. Absent: by the usual rule. */
  readonly tools: readonly string[] | undefined;
  /** How the answer ends, whatever it says. */
  readonly finish: SimulatedFinish | undefined;
}

const simulatedFinishes = ['stop', 'length', 'content_filter', 'refusal'] as const;
export type SimulatedFinish = (typeof simulatedFinishes)[number];

/** Finds the value of a script header, or nothing. */
export type ScriptLookup = (name: string) => string | undefined;

const maxOutputTokens = 100_000;
const maxWaitMs = 600_000;

/**
 * Reads the script of a call. A value is a list of alternatives, the first that applies counts:
 * `[instance:]value[;first=N]`, e.g. `b:500`, `429;first=2`, `a:reset, b:500;first=1`.
 * @param instance name of this instance
 * @param callNumber how many calls with this `x-sim-key` this instance has seen, this one included
 * @throws RangeError naming the header that cannot be read
 */
export function readScript(lookup: ScriptLookup, instance: string, callNumber: number): SimulationScript {
  const value = (name: string) => applicable(lookup(name), instance, callNumber);
  const integer = (name: string, least: number, most: number) => {
    const text = value(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!Number.isInteger(number) || number < least || number > most)
      throw new RangeError(`${name} takes a whole number from ${least} to ${most}`);
    return number;
  };
  return {
    latencyMs: integer('x-sim-latency-ms', 0, maxWaitMs) ?? 0,
    chunkDelayMs: integer('x-sim-chunk-delay-ms', 0, maxWaitMs) ?? 0,
    chunkCharacters: integer('x-sim-chunk-characters', 1, 1_000_000) ?? 12,
    outputTokens: integer('x-sim-output-tokens', 0, maxOutputTokens),
    status: integer('x-sim-status', 200, 599) ?? 200,
    retryAfter: value('x-sim-retry-after'),
    errorCode: value('x-sim-error-code'),
    fault: readChoice('x-sim-fault', value('x-sim-fault'), simulatedFaults),
    faultAfter: integer('x-sim-fault-after', 0, 1_000_000),
    reasoningTokens: integer('x-sim-reasoning', 0, maxOutputTokens) ?? 0,
    inputTokens: integer('x-sim-input-tokens', 0, 10_000_000),
    cachedTokens: integer('x-sim-cached-tokens', 0, 10_000_000) ?? 0,
    tools: value('x-sim-tool')?.split('+'),
    finish: readChoice('x-sim-finish', value('x-sim-finish'), simulatedFinishes),
  };
}

function readChoice<Choice extends string>(name: string, text: string | undefined, choices: readonly Choice[]): Choice | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new RangeError(`${name} takes one of ${choices.join(', ')}`);
  return choice;
}

function applicable(header: string | undefined, instance: string, callNumber: number): string | undefined {
  if (header === undefined) return undefined;
  for (const alternative of header.split(',')) {
    const [target = '', ...conditions] = alternative.trim().split(';');
    const colon = target.indexOf(':');
    if (colon >= 0 && target.slice(0, colon) !== instance) continue;
    const first = conditions.map((condition) => /^\s*first=(\d+)\s*$/.exec(condition)?.[1]).find((count) => count !== undefined);
    if (first !== undefined && callNumber > Number(first)) continue;
    return target.slice(colon + 1).trim();
  }
  return undefined;
}
