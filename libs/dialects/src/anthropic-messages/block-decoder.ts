import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { AssembledBlock } from './assembled-block.ts';
import { annotationOf } from './citation.ts';

/** One content block of a stream as events of one part. */
export class BlockDecoder {
  readonly #nextPart: () => number;
  #number: number | undefined;
  readonly #block: JsonObject;
  readonly #citations: unknown[];
  /** Of a block that no other format knows: it is told whole, at its end. */
  readonly #assembled: AssembledBlock | undefined;
  #textLength = 0;
  #hasInput = false;

  /** @param nextPart the number of a part, asked for once there is something to tell of it */
  constructor(nextPart: () => number, block: JsonObject) {
    this.#nextPart = nextPart;
    this.#block = block;
    this.#citations = [...asArray(block.citations)];
    if (typeof block.type !== 'string' || !translatedTypes.has(block.type)) this.#assembled = new AssembledBlock(block);
  }

  start(): AnswerEvent[] {
    const { type, text, thinking, signature, data, id, name } = this.#block;
    if (type === 'text') return this.#text(text);
    if (type === 'thinking') return [...this.#reasoning(thinking), ...this.#signature(signature, false)];
    if (type === 'redacted_thinking') return this.#signature(data, true);
    if (type === 'tool_use') return [{ type: 'tool-call', part: this.#part, id: string(id), name: string(name) }];
    return [];
  }

  add(delta: JsonObject): AnswerEvent[] {
    if (this.#assembled !== undefined) {
      this.#assembled.add(delta);
      return [];
    }
    switch (delta.type) {
      case 'text_delta':
        return this.#text(delta.text);
      case 'thinking_delta':
        return this.#reasoning(delta.thinking);
      case 'signature_delta':
        return this.#signature(delta.signature, false);
      case 'input_json_delta':
        return this.#input(delta.partial_json);
      case 'citations_delta':
        this.#citations.push(delta.citation);
        return [];
      default:
        return [];
    }
  }

  /** A citation is told last: only now is known how long the text is that it belongs to. */
  end(): AnswerEvent[] {
    if (this.#assembled !== undefined) {
      return [{ type: 'native', part: this.#part, wire: 'anthropic-messages', value: this.#assembled.value() ?? this.#block }];
    }
    const { type, input } = this.#block;
    // A call may come whole with its start, and then has no deltas.
    if (type === 'tool_use' && !this.#hasInput && isObject(input) && Object.keys(input).length > 0)
      return this.#input(JSON.stringify(input));
    const span = { start: 0, end: this.#textLength };
    return this.#citations.flatMap((citation): AnswerEvent[] => {
      const annotation = annotationOf(citation, span);
      return annotation === undefined ? [] : [{ type: 'annotation', part: this.#part, annotation }];
    });
  }

  get #part(): number {
    return (this.#number ??= this.#nextPart());
  }

  #text(text: unknown): AnswerEvent[] {
    if (typeof text !== 'string' || text === '') return [];
    this.#textLength += text.length;
    return [{ type: 'text', part: this.#part, text }];
  }

  #reasoning(text: unknown): AnswerEvent[] {
    return typeof text === 'string' && text !== '' ? [{ type: 'reasoning', part: this.#part, text }] : [];
  }

  #signature(value: unknown, sealed: boolean): AnswerEvent[] {
    if (typeof value !== 'string' || (value === '' && !sealed)) return [];
    return [{ type: 'signature', part: this.#part, signature: { wire: 'anthropic-messages', value }, ...(sealed ? { sealed } : {}) }];
  }

  #input(text: unknown): AnswerEvent[] {
    if (typeof text !== 'string' || text === '') return [];
    this.#hasInput = true;
    return [{ type: 'tool-input', part: this.#part, text }];
  }
}

/** Blocks with a neutral form of their own. */
const translatedTypes = new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']);

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
