import type { TokenUsage } from '@sluice/contracts';
import { encodeEvent } from '../event-restorer.ts';
import { asArray, isObject, parseJson, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { bytesWritten, type StreamCloser } from '../stream-closer.ts';
import { readReasoningText } from './decode-messages.ts';
import { optional } from './optional.ts';
import { writeUsage } from './write-usage.ts';

/** Most choices that OpenAI's API gives for one request; those beyond are passed on and not ended by us. */
const maxChoices = 128;

/** Follows a stream of `choices`, see {@link StreamCloser}. */
export class ChoicesStreamCloser implements StreamCloser {
  readonly #nothingMore: JsonObject;
  readonly #includeUsage: boolean;
  #head: JsonObject = {};
  /** What was read last, and is not passed on yet. */
  #next: JsonObject | 'done' | undefined;
  /** By the index of a choice; one that was not begun has nothing to end. */
  readonly #choices: ('open' | 'ended' | undefined)[] = [];
  #done = false;

  /**
   * @param nothingMore what a choice of the format has in the place of more text
   * @param includeUsage the client asked for the event that tells what was used
   */
  constructor(nothingMore: JsonObject, includeUsage: boolean) {
    this.#nothingMore = nothingMore;
    this.#includeUsage = includeUsage;
  }

  get ended(): boolean {
    return this.#done || (this.#choices.includes('ended') && !this.#choices.includes('open'));
  }

  read(event: SseEvent): number {
    this.#next = undefined;
    if (event.data === '') return 0;
    if (event.data.trim() === '[DONE]') {
      this.#next = 'done';
      return 0;
    }
    const chunk = parseJson(event.data);
    if (!isObject(chunk)) return 0;
    this.#next = chunk;
    const choices = asArray(chunk.choices);
    // Azure's first chunk has no choices, and neither id nor model. An end has both, also before anything was passed on.
    if (choices.length > 0) this.#head = chunk;
    return choices.reduce((bytes: number, choice) => bytes + (isObject(choice) ? bytesOfChoice(choice) : 0), 0);
  }

  pass(): void {
    const next = this.#next;
    this.#next = undefined;
    if (next === 'done') this.#done = true;
    else for (const [position, choice] of asArray(next?.choices).entries()) if (isObject(choice)) this.#follow(choice, position);
  }

  close(usage: TokenUsage): Uint8Array {
    if (this.#done) return new Uint8Array(0);
    const { id, object, created, model, system_fingerprint: fingerprint, service_tier: tier } = this.#head;
    const head = { id, object, created, model, ...optional('system_fingerprint', fingerprint), ...optional('service_tier', tier) };
    const events: Uint8Array[] = [];
    // A stream of which nothing was passed on still says how it ended.
    const choices = this.#choices.length === 0 ? ['open'] : this.#choices;
    for (const [index, state] of choices.entries()) {
      if (state !== 'open') continue;
      const choice = { index, ...this.#nothingMore, logprobs: null, finish_reason: 'length' };
      events.push(encodeEvent({ ...head, choices: [choice], ...(this.#includeUsage ? { usage: null } : {}) }));
    }
    if (this.#includeUsage) events.push(encodeEvent({ ...head, choices: [], usage: writeUsage(usage) }));
    return Buffer.concat([...events, Buffer.from('data: [DONE]\n\n')]);
  }

  #follow(choice: JsonObject, position: number): void {
    const index = typeof choice.index === 'number' && Number.isInteger(choice.index) && choice.index >= 0 ? choice.index : position;
    if (index >= maxChoices) return;
    while (this.#choices.length <= index) this.#choices.push(undefined);
    // Some tell of filters behind the end: it stays an end.
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '') this.#choices[index] = 'ended';
    else this.#choices[index] ??= 'open';
  }
}

function bytesOfChoice({ delta, text }: JsonObject): number {
  return isObject(delta) ? bytesOfDelta(delta) : bytesWritten(text);
}

function bytesOfDelta(delta: JsonObject): number {
  // Many say a thought in two members at once.
  const thought = readReasoningText(delta) ?? delta.reasoning_details;
  let bytes = bytesWritten(delta.content) + bytesWritten(delta.refusal) + bytesWritten(thought) + bytesWritten(delta.function_call);
  for (const call of asArray(delta.tool_calls)) if (isObject(call)) bytes += bytesWritten(call.function) + bytesWritten(call.custom);
  return bytes;
}
