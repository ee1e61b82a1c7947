import type { UnmaskTable } from '@sluice/contracts';
import { encodeEvent, RunningTexts, type EventRewriter } from '../event-restorer.ts';
import { Matchers } from '../field-restorer.ts';
import { asArray, isObject, mapChanged, omit, parseJson, type JsonObject } from '../json-value.ts';
import { textOf } from '../openai-chat/optional.ts';
import type { SseEvent } from '../sse-parser.ts';

/** Restores a stream of text completions: one running text for each choice. */
export class CompletionStreamRestorer implements EventRewriter {
  readonly #texts: RunningTexts<number>;
  /** The last chunk seen: its id, model and time go into events made here. */
  #latest: JsonObject = {};

  constructor(table: UnmaskTable) {
    this.#texts = new RunningTexts(new Matchers(table));
  }

  restore(event: SseEvent): Uint8Array[] {
    if (event.data === '') return [event.raw];
    if (event.data === '[DONE]') return [...this.flush(), event.raw];
    const chunk = parseJson(event.data);
    if (!isObject(chunk)) return [event.raw];
    if (!Array.isArray(chunk.choices)) return 'error' in chunk ? [...this.flush(), event.raw] : [event.raw];
    this.#latest = chunk;
    const freed: Uint8Array[] = [];
    const choices = mapChanged(asArray(chunk.choices), (choice, position) => {
      if (!isObject(choice)) return choice;
      const index = typeof choice.index === 'number' ? choice.index : position;
      const final = textOf(choice.finish_reason) !== undefined;
      const restored = typeof choice.text === 'string' ? this.#restoreText(choice, choice.text, index, final) : choice;
      if (final) freed.push(...this.flush(index));
      return restored;
    });
    if (choices === chunk.choices) return [...freed, event.raw];
    return [...freed, encodeEvent({ ...chunk, choices }, event.event)];
  }

  flush(choice?: number): Uint8Array[] {
    const held = this.#texts.take((place) => choice === undefined || place === choice);
    const head = omit(this.#latest, 'usage', 'choices');
    return held.map(({ place, text }) => encodeEvent({ ...head, choices: [{ text, index: place, logprobs: null, finish_reason: null }] }));
  }

  /** Log probabilities repeat the text token by token: they are left out beside a text that changed. */
  #restoreText(choice: JsonObject, text: string, index: number, final: boolean): JsonObject {
    const restored = this.#texts.push(String(index), index, false, text, final);
    return restored === text ? choice : { ...choice, text: restored, ...(isObject(choice.logprobs) ? { logprobs: null } : {}) };
  }
}
