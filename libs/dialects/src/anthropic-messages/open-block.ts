import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { citationOf } from './citation.ts';
import { JsonEnd } from './json-end.ts';
import { signatureText } from './signature-text.ts';

/** An event that belongs to one part of the answer. */
export type PartEvent = Extract<AnswerEvent, { readonly part: number }>;

/** The content block that a stream is writing. */
export class OpenBlock {
  readonly part: number;
  readonly start: JsonObject;
  /** Of a call with arguments in JSON, or with free text (`''` until it is written as one string). */
  readonly #json: JsonEnd | undefined;
  #freeText: string | undefined;

  private constructor(part: number, start: JsonObject, call?: 'json' | 'free-text') {
    this.part = part;
    this.start = start;
    this.#json = call === 'json' ? new JsonEnd() : undefined;
    this.#freeText = call === 'free-text' ? '' : undefined;
  }

  /** Undefined where the client's format has no words for the part. */
  static of(part: number, first: PartEvent): OpenBlock | undefined {
    switch (first.type) {
      case 'text':
      case 'refusal':
      case 'annotation':
        return new OpenBlock(part, { type: 'text', text: '' });
      case 'reasoning':
        return new OpenBlock(part, { type: 'thinking', thinking: '', signature: '' });
      case 'signature':
        if (first.sealed !== true) return new OpenBlock(part, { type: 'thinking', thinking: '', signature: '' });
        return new OpenBlock(part, { type: 'redacted_thinking', data: signatureText(first.signature, first.id) });
      case 'tool-call': {
        const start = { type: 'tool_use', id: first.id, name: first.name, input: {} };
        return new OpenBlock(part, start, first.custom === true ? 'free-text' : 'json');
      }
      case 'native':
        return first.wire === 'anthropic-messages' ? new OpenBlock(part, first.value) : undefined;
      case 'tool-input':
        return undefined;
    }
  }

  /** False while a call's arguments are not whole: another block would cut them. */
  get mayEnd(): boolean {
    return this.#freeText === undefined && this.#json?.whole !== false;
  }

  add(event: PartEvent): readonly JsonObject[] {
    switch (event.type) {
      case 'text':
      case 'refusal':
        return event.text === '' ? [] : [{ type: 'text_delta', text: event.text }];
      case 'reasoning':
        return event.text === '' ? [] : [{ type: 'thinking_delta', thinking: event.text }];
      case 'signature':
        if (this.start.type === 'redacted_thinking') return [];
        return [{ type: 'signature_delta', signature: signatureText(event.signature, event.id) }];
      case 'annotation': {
        const citation = citationOf(event.annotation);
        return citation === undefined ? [] : [{ type: 'citations_delta', citation }];
      }
      case 'tool-input':
        return this.#addInput(event.text);
      default:
        return [];
    }
  }

  end(): readonly JsonObject[] {
    if (this.#freeText === undefined) return [];
    return [{ type: 'input_json_delta', partial_json: JSON.stringify({ input: this.#freeText }) }];
  }

  #addInput(text: string): readonly JsonObject[] {
    if (text === '') return [];
    if (this.#freeText !== undefined) {
      this.#freeText += text;
      return [];
    }
    this.#json?.push(text);
    return [{ type: 'input_json_delta', partial_json: text }];
  }
}
