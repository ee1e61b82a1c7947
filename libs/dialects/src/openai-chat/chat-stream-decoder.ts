import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { asArray, isObject, parseJson, type JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { StreamDecoder } from '../neutral/codec.ts';
import { readingAnswer } from '../reading-answer.ts';
import type { SseEvent } from '../sse-parser.ts';
import { readAnnotations, readSources } from './annotations.ts';
import { decodeAnswerContent } from './decode-content.ts';
import { readReasoningText } from './decode-messages.ts';
import { readFinish } from './finish-reason.ts';
import { numberOf, optional, textOf } from './optional.ts';
import { readDetail } from './reasoning-details.ts';
import { readUsage } from './read-usage.ts';
import { readStreamError } from './stream-error.ts';
import { ToolCallDecoder } from './tool-call-decoder.ts';

/**
 * Reads a chat stream of anyone who speaks this format. The first choice counts. The finish is told when all is said, so
 * that usage, which comes behind the provider's word for it, stands before it.
 */
export class ChatStreamDecoder implements StreamDecoder {
  #id = '';
  #started = false;
  #ended = false;
  #done = false;
  #usage: TokenUsage | undefined;
  #finishWord: string | undefined;
  #stopSequence: string | undefined;
  #refused = false;
  /** The part that text or a thought goes on in. */
  #open: { readonly kind: 'text' | 'reasoning' | 'refusal'; readonly part: number } | undefined;
  #lastText: number | undefined;
  /** Thoughts came as plain text: what their details say again is no more of them. */
  #thoughtAloud = false;
  #parts = 0;
  #sources: JsonObject = {};
  readonly #calls = new ToolCallDecoder(() => this.#parts++);

  get complete(): boolean {
    return this.#done || this.#finishWord !== undefined;
  }

  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  push(event: SseEvent): AnswerEvent[] {
    const data = event.data.trim();
    if (data === '' || this.#ended) return [];
    if (data === '[DONE]') {
      this.#done = true;
      return this.#finish();
    }
    const chunk = parseJson(data);
    if (!isObject(chunk)) throw new SluiceError('provider_error', 'The provider sent a stream event that is no JSON object.');
    const events: AnswerEvent[] = [];
    const error = readStreamError(chunk, event);
    if (error !== undefined) {
      this.#ended = true;
      return [{ type: 'error', ...error }];
    }
    readingAnswer(() => {
      this.#takeChunk(chunk, events);
    });
    return events;
  }

  end(): AnswerEvent[] {
    return this.complete ? this.#finish() : [];
  }

  #takeChunk(chunk: JsonObject, events: AnswerEvent[]): void {
    const choices = asArray(chunk.choices).filter(isObject);
    const choice = choices.find((item) => item.index === 0 || item.index === undefined);
    // Azure's first chunk tells of its filters and has neither choices nor id.
    if (!this.#started && (choice !== undefined || textOf(chunk.id) !== undefined)) this.#start(chunk, events);
    if (Array.isArray(chunk.citations) || Array.isArray(chunk.search_results)) this.#sources = { ...this.#sources, ...pickSources(chunk) };
    if (choice !== undefined) this.#takeChoice(choice, events);
    const usage = readUsage(chunk);
    if (usage === undefined) return;
    this.#usage = usage;
    events.push({ type: 'usage', usage });
  }

  #start(chunk: JsonObject, events: AnswerEvent[]): void {
    this.#started = true;
    this.#id = textOf(chunk.id) ?? '';
    events.push({
      type: 'start',
      id: this.#id,
      model: textOf(chunk.model) ?? '',
      ...optional('createdSeconds', numberOf(chunk.created)),
      ...optional('serviceTier', textOf(chunk.service_tier)),
    });
  }

  #takeChoice(choice: JsonObject, events: AnswerEvent[]): void {
    if (isObject(choice.delta)) this.#takeDelta(choice.delta, choice.logprobs, events);
    else if (isObject(choice.message) && this.#parts === 0) this.#takeDelta(choice.message, choice.logprobs, events);
    const word = textOf(choice.finish_reason);
    if (word === undefined) return;
    this.#finishWord = word;
    this.#stopSequence = textOf(choice.stop_reason);
  }

  #takeDelta(delta: JsonObject, logprobs: unknown, events: AnswerEvent[]): void {
    this.#takeReasoning(delta, events);
    for (const part of decodeAnswerContent(delta.content)) this.#takePart(part, logprobs, events);
    const refusal = textOf(delta.refusal);
    if (refusal !== undefined) this.#takePart({ type: 'refusal', text: refusal }, undefined, events);
    for (const annotation of readAnnotations(delta.annotations)) {
      events.push({ type: 'annotation', part: this.#lastText ?? this.#partFor('text'), annotation });
    }
    for (const image of asArray(delta.images)) if (isObject(image)) this.#takeNative(image, events);
    if (this.#calls.take(delta, this.#id, events)) this.#open = undefined;
  }

  #takeReasoning(delta: JsonObject, events: AnswerEvent[]): void {
    const text = readReasoningText(delta);
    if (text !== undefined) {
      this.#thoughtAloud = true;
      events.push({ type: 'reasoning', part: this.#partFor('reasoning'), text });
    }
    for (const item of asArray(delta.reasoning_details)) {
      const detail = isObject(item) ? readDetail(item) : undefined;
      const says = !this.#thoughtAloud && detail !== undefined && detail.text !== '';
      if (detail === undefined || (!says && detail.signature === undefined)) continue;
      const id = optional('id', detail.id);
      const part = this.#partFor('reasoning');
      if (says) events.push({ type: 'reasoning', part, text: detail.text, ...id });
      if (detail.signature === undefined) continue;
      events.push({ type: 'signature', part, signature: detail.signature, ...optional('sealed', detail.sealed), ...id });
      // What follows a proof is another thought.
      this.#open = undefined;
    }
  }

  #takePart(part: ReturnType<typeof decodeAnswerContent>[number], logprobs: unknown, events: AnswerEvent[]): void {
    if (part.type === 'text') {
      if (part.text !== '') events.push({ type: 'text', part: this.#partFor('text'), text: part.text, ...optional('logprobs', logprobs) });
    } else if (part.type === 'reasoning') {
      const place = this.#partFor('reasoning');
      if (part.text !== '') events.push({ type: 'reasoning', part: place, text: part.text });
      if (part.signature !== undefined) events.push({ type: 'signature', part: place, signature: part.signature });
    } else if (part.type === 'refusal') {
      this.#refused = true;
      events.push({ type: 'refusal', part: this.#partFor('refusal'), text: part.text });
    } else this.#takeNative(part.value, events);
  }

  #takeNative(value: JsonObject, events: AnswerEvent[]): void {
    this.#open = undefined;
    events.push({ type: 'native', part: this.#parts++, wire: 'openai-chat', value });
  }

  #partFor(kind: 'text' | 'reasoning' | 'refusal'): number {
    if (this.#open?.kind !== kind) this.#open = { kind, part: this.#parts++ };
    if (kind === 'text') this.#lastText = this.#open.part;
    return this.#open.part;
  }

  #finish(): AnswerEvent[] {
    if (this.#ended) return [];
    this.#ended = true;
    const events: AnswerEvent[] = [];
    if (this.#lastText !== undefined) {
      for (const annotation of readSources(this.#sources)) events.push({ type: 'annotation', part: this.#lastText, annotation });
    }
    this.#calls.end(this.#id, events);
    const said = { calls: this.#calls.any, refusal: this.#refused };
    events.push({ type: 'finish', finish: readFinish(this.#finishWord, said, this.#stopSequence) });
    return events;
  }
}

function pickSources(chunk: JsonObject): JsonObject {
  const { citations, search_results } = chunk;
  return { ...optional('citations', citations), ...optional('search_results', search_results) };
}
