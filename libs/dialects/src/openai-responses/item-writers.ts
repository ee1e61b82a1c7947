import type { JsonObject } from '../json-value.ts';
import type { Annotation } from '../neutral/model-request.ts';
import type { Signature } from '../neutral/wire-format.ts';
import { encodeAnnotation } from './annotations.ts';
import type { EmitEvent } from './event-writer.ts';
import { sealThought } from './sealed-thought.ts';

export type ItemStatus = 'completed' | 'incomplete';

/** One item of an output under way. */
export interface ItemWriter {
  readonly index: number;
  /** Says the item's end and gives it whole. */
  close(status: ItemStatus): JsonObject;
}

/** What every writer needs: where its item stands, and how it speaks. */
export interface ItemPlace {
  readonly index: number;
  readonly id: string;
  readonly emit: EmitEvent;
}

interface ContentPart {
  /** Of the answer, not of the message. */
  readonly part: number;
  readonly type: 'output_text' | 'refusal';
  text: string;
  readonly annotations: JsonObject[];
  readonly logprobs: unknown[];
}

/** A message: texts and refusals one after the other. */
export class MessageWriter implements ItemWriter {
  readonly index: number;
  readonly #place: ItemPlace;
  readonly #content: ContentPart[] = [];

  constructor(place: ItemPlace) {
    this.#place = place;
    this.index = place.index;
    place.emit('response.output_item.added', { output_index: place.index, item: this.#item('in_progress', []) });
  }

  text(part: number, text: string, logprobs: readonly unknown[]): void {
    const content = this.#open(part, 'output_text');
    content.text += text;
    content.logprobs.push(...logprobs);
    this.#say('response.output_text.delta', { delta: text, logprobs });
  }

  refusal(part: number, text: string): void {
    this.#open(part, 'refusal').text += text;
    this.#say('response.refusal.delta', { delta: text });
  }

  annotation(part: number, annotation: Annotation): void {
    const value = encodeAnnotation(annotation);
    if (value === undefined) return;
    const { annotations } = this.#open(part, 'output_text');
    this.#say('response.output_text.annotation.added', { annotation_index: annotations.length, annotation: value });
    annotations.push(value);
  }

  close(status: ItemStatus): JsonObject {
    this.#closePart();
    const item = this.#item(status, this.#content.map(contentOf));
    this.#place.emit('response.output_item.done', { output_index: this.index, item });
    return item;
  }

  #open(part: number, type: ContentPart['type']): ContentPart {
    const last = this.#content.at(-1);
    if (last?.part === part && last.type === type) return last;
    this.#closePart();
    const content: ContentPart = { part, type, text: '', annotations: [], logprobs: [] };
    this.#content.push(content);
    this.#say('response.content_part.added', { part: contentOf(content) });
    return content;
  }

  #closePart(): void {
    const content = this.#content.at(-1);
    if (content === undefined) return;
    if (content.type === 'refusal') this.#say('response.refusal.done', { refusal: content.text });
    else this.#say('response.output_text.done', { text: content.text, logprobs: content.logprobs });
    this.#say('response.content_part.done', { part: contentOf(content) });
  }

  /** About the part that is open. */
  #say(type: string, fields: JsonObject): void {
    const { id, index, emit } = this.#place;
    emit(type, { item_id: id, output_index: index, content_index: this.#content.length - 1, ...fields });
  }

  #item(status: string, content: readonly JsonObject[]): JsonObject {
    return { id: this.#place.id, type: 'message', status, role: 'assistant', content };
  }
}

function contentOf(content: ContentPart): JsonObject {
  if (content.type === 'refusal') return { type: 'refusal', refusal: content.text };
  return { type: 'output_text', text: content.text, annotations: [...content.annotations], logprobs: [...content.logprobs] };
}

/** A thought. Its text is said as a summary: that is what clients show. */
export class ReasoningWriter implements ItemWriter {
  readonly index: number;
  readonly #place: ItemPlace;
  #text = '';
  #sealed: string | undefined;

  constructor(place: ItemPlace) {
    this.#place = place;
    this.index = place.index;
    place.emit('response.output_item.added', { output_index: place.index, item: this.#item() });
  }

  text(text: string): void {
    if (this.#text === '') this.#say('response.reasoning_summary_part.added', { part: { type: 'summary_text', text: '' } });
    this.#text += text;
    this.#say('response.reasoning_summary_text.delta', { delta: text });
  }

  sign(signature: Signature, kind: Parameters<typeof sealThought>[1]): void {
    this.#sealed = sealThought(signature, kind);
  }

  close(): JsonObject {
    if (this.#text !== '') {
      this.#say('response.reasoning_summary_text.done', { text: this.#text });
      this.#say('response.reasoning_summary_part.done', { part: { type: 'summary_text', text: this.#text } });
    }
    const item = this.#item();
    this.#place.emit('response.output_item.done', { output_index: this.index, item });
    return item;
  }

  #say(type: string, fields: JsonObject): void {
    const { id, index, emit } = this.#place;
    emit(type, { item_id: id, output_index: index, summary_index: 0, ...fields });
  }

  #item(): JsonObject {
    return {
      id: this.#place.id,
      type: 'reasoning',
      summary: this.#text === '' ? [] : [{ type: 'summary_text', text: this.#text }],
      ...(this.#sealed === undefined ? {} : { encrypted_content: this.#sealed }),
    };
  }
}

/** A call of a function, or of a tool that takes free text. */
export class CallWriter implements ItemWriter {
  readonly index: number;
  readonly #place: ItemPlace;
  readonly #callId: string;
  readonly #name: string;
  readonly #custom: boolean;
  #input = '';

  constructor(place: ItemPlace, callId: string, name: string, custom: boolean) {
    this.#place = place;
    this.index = place.index;
    this.#callId = callId;
    this.#name = name;
    this.#custom = custom;
    place.emit('response.output_item.added', { output_index: place.index, item: this.#item('in_progress') });
  }

  input(text: string): void {
    this.#input += text;
    this.#say(this.#custom ? 'response.custom_tool_call_input.delta' : 'response.function_call_arguments.delta', { delta: text });
  }

  close(status: ItemStatus): JsonObject {
    if (this.#custom) this.#say('response.custom_tool_call_input.done', { input: this.#input });
    else {
      if (this.#input === '') this.input('{}');
      this.#say('response.function_call_arguments.done', { name: this.#name, arguments: this.#input });
    }
    const item = this.#item(status);
    this.#place.emit('response.output_item.done', { output_index: this.index, item });
    return item;
  }

  #say(type: string, fields: JsonObject): void {
    const { id, index, emit } = this.#place;
    emit(type, { item_id: id, output_index: index, ...fields });
  }

  #item(status: string): JsonObject {
    const head = {
      id: this.#place.id,
      type: this.#custom ? 'custom_tool_call' : 'function_call',
      status,
      call_id: this.#callId,
      name: this.#name,
    };
    return this.#custom ? { ...head, input: this.#input } : { ...head, arguments: this.#input };
  }
}
