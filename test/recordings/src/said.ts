import { parseOrText } from './json-path.ts';

/** Why an answer ended, in no format's words. */
export type Stop =
  | 'stop'
  | 'length'
  | 'tool-calls'
  | 'content-filter'
  | 'refusal'
  | 'context-window'
  | 'pause'
  /** The answer does not say. */
  | 'none';

export interface Usage {
  /** Cached tokens included. */
  readonly input: number;
  /** Thoughts included. */
  readonly output: number;
  readonly cached: number;
  /** Undefined where the format cannot say. */
  readonly reasoning: number | undefined;
  /** The same with steps that the provider took before the answer and counts apart: either is a right report. */
  readonly withSteps?: { readonly input: number; readonly output: number };
}

export interface Call {
  readonly name: string;
  /** Arguments parsed; `{}` where there are none. The text of a call that takes free text. */
  readonly input: unknown;
}

/** What an answer says to its reader, whatever format it is written in. */
export interface Said {
  readonly text: string;
  readonly refusal: string;
  readonly reasoning: string;
  /** Of tools that the client runs. */
  readonly calls: readonly Call[];
  readonly stop: Stop;
  readonly usage: Usage | undefined;
  /** A failure told inside the answer. */
  readonly error?: string;
  /** A plan that some formats show as text and others as thought. */
  readonly plan?: string;
  /** Two generations in one stream: the first was broken off, and the client must not take both for one. */
  readonly spliced?: boolean;
}

/** An answer that ends with calls ends for their sake, whatever its maker calls that. */
export function stopOf(stop: Stop, calls: readonly Call[]): Stop {
  return stop === 'stop' && calls.length > 0 ? 'tool-calls' : stop;
}

/** Arguments as their text has them; nothing and `null` mean none. */
export function inputOf(text: string): unknown {
  return text.trim() === '' ? {} : (parseOrText(text) ?? {});
}

/** Pieces of calls gathered under a key, in the order in which they began. */
export class CallPieces {
  readonly #calls = new Map<string, { name: string; text: string }>();

  /** @param replace the text is the whole input, not more of it */
  add(key: string, name: string, text: string, replace = false): void {
    const call = this.#calls.get(key) ?? { name: '', text: '' };
    call.name ||= name;
    call.text = replace ? text : call.text + text;
    this.#calls.set(key, call);
  }

  has(key: string): boolean {
    return this.#calls.has(key);
  }

  calls(): Call[] {
    return [...this.#calls.values()].map(({ name, text }) => ({ name, input: inputOf(text) }));
  }
}
