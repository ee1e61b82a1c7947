import { encodeEvent, type EventRewriter } from '../event-restorer.ts';
import { asArray, isObject, mapChanged, omit, parseJson, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { textOf } from './optional.ts';

/** Restores a stream whose chunks have choices; chat and legacy completions differ in what a choice holds. */
export abstract class ChoicesRestorer implements EventRewriter {
  #latest: JsonObject = {};

  /** What a finish sets free comes before the event that finishes. */
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
      const restored = this.restoreChoice(choice, index, final);
      if (final) freed.push(...this.flush(index));
      return restored;
    });
    if (choices === chunk.choices) return [...freed, event.raw];
    return [...freed, encodeEvent({ ...chunk, choices }, event.event)];
  }

  /** Events for what is held back, of all choices or of one. */
  abstract flush(choice?: number): Uint8Array[];

  /** @param final the choice ends here */
  protected abstract restoreChoice(choice: JsonObject, index: number, final: boolean): JsonObject;

  /** An event made here, with the id, model and time of the last chunk. */
  protected chunkOf(choice: JsonObject): Uint8Array {
    return encodeEvent({ ...omit(this.#latest, 'usage', 'choices'), choices: [choice] });
  }
}
