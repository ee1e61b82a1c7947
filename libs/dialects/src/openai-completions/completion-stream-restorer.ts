import type { UnmaskTable } from '@sluice/contracts';
import { RunningTexts } from '../event-restorer.ts';
import { Matchers } from '../field-restorer.ts';
import { isObject, type JsonObject } from '../json-value.ts';
import { ChoicesRestorer } from '../openai-chat/choices-restorer.ts';

/** Restores a stream of text completions: one running text for each choice. */
export class CompletionStreamRestorer extends ChoicesRestorer {
  readonly #texts: RunningTexts<number>;
  constructor(table: UnmaskTable) {
    super();
    this.#texts = new RunningTexts(new Matchers(table));
  }

  flush(choice?: number): Uint8Array[] {
    const held = this.#texts.take((place) => choice === undefined || place === choice);
    return held.map(({ place, text }) => this.chunkOf({ text, index: place, logprobs: null, finish_reason: null }));
  }

  protected restoreChoice(choice: JsonObject, index: number, final: boolean): JsonObject {
    return typeof choice.text === 'string' ? this.#restoreText(choice, choice.text, index, final) : choice;
  }

  /** Log probabilities repeat the text token by token: they are left out beside a text that changed. */
  #restoreText(choice: JsonObject, text: string, index: number, final: boolean): JsonObject {
    const restored = this.#texts.push(String(index), index, false, text, final);
    return restored === text ? choice : { ...choice, text: restored, ...(isObject(choice.logprobs) ? { logprobs: null } : {}) };
  }
}
