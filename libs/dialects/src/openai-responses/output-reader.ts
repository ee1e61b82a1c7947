import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { optional, textOf } from '../openai-chat/optional.ts';
import { decodeAnnotation } from './annotations.ts';
import { decodeLogprobs } from './decode-answer.ts';
import { decodeCall, decodeNativeItem, decodeReasoning, paragraphBreak } from './decode-items.ts';

/** Items of one response, and texts of one item: far more than any model writes. */
const maxItems = 4_096;
const maxTexts = 1_024;

/** What an event or an item's end says about one running text. */
interface TextKind {
  /** Sets it apart from the other texts of its item. */
  readonly slot: 'text' | 'refusal' | 'content' | 'summary' | 'input';
  readonly says: 'text' | 'refusal' | 'reasoning' | 'tool-input';
  /** The member that repeats the whole text. */
  readonly key: string;
  /** The member that tells which of several; absent where an item has one. */
  readonly index?: 'content_index' | 'summary_index';
}

const outputText: TextKind = { slot: 'text', says: 'text', key: 'text', index: 'content_index' };
const refusalText: TextKind = { slot: 'refusal', says: 'refusal', key: 'refusal', index: 'content_index' };
const thoughtText: TextKind = { slot: 'content', says: 'reasoning', key: 'text', index: 'content_index' };
const summaryText: TextKind = { slot: 'summary', says: 'reasoning', key: 'text', index: 'summary_index' };
const callArguments: TextKind = { slot: 'input', says: 'tool-input', key: 'arguments' };
const callInput: TextKind = { slot: 'input', says: 'tool-input', key: 'input' };

/** By what `.delta` and `.done` stand behind. */
const kindsOfEvents: ReadonlyMap<string, TextKind> = new Map([
  ['response.output_text', outputText],
  ['response.refusal', refusalText],
  ['response.reasoning_text', thoughtText],
  ['response.reasoning_summary_text', summaryText],
  ['response.function_call_arguments', callArguments],
  ['response.custom_tool_call_input', callInput],
]);

/** One running text, of which only the length and the end are kept: enough to tell what a repetition adds. */
interface RunningText {
  readonly part: number;
  length: number;
  lastPiece: string;
  annotations: number;
}

interface Item {
  readonly id: string | undefined;
  /** The part of the answer that a thought or a call is; a message has one for each of its texts. */
  part: number | undefined;
  named: boolean;
  done: boolean;
  readonly texts: Map<string, RunningText>;
}

/** Follows the items of one response, and says each piece of them once, however often the stream repeats it. */
export class OutputReader {
  readonly #say: (event: AnswerEvent) => void;
  readonly #items = new Map<number, Item>();
  /** Items by which the response ended as it did, for servers whose last event has no output. */
  readonly endings: JsonObject[] = [];
  /** Parts of the answer so far. */
  parts: number;

  constructor(say: (event: AnswerEvent) => void, parts: number) {
    this.#say = say;
    this.parts = parts;
  }

  /** Any event about an item. @throws SluiceError `provider_error` over the bounds */
  read(type: string, value: JsonObject): void {
    const index = typeof value.output_index === 'number' ? value.output_index : 0;
    const item = isObject(value.item) ? value.item : undefined;
    if (type === 'response.output_item.added') {
      if (item !== undefined) this.#name(item, this.#item(index, item.id));
    } else if (type === 'response.output_item.done') {
      if (item !== undefined) this.readItem(item, index);
    } else if (type === 'response.output_text.annotation.added') {
      const text = this.#text(this.#item(index, value.item_id), outputText, value.content_index);
      if (isObject(value.annotation)) this.#annotate(text, value.annotation);
    } else this.#readText(type, value, index);
  }

  /** An item at its end, which repeats everything: what was not said yet is said now. */
  readItem(item: JsonObject, index: number): void {
    const state = this.#item(index, item.id);
    if (state.done) return;
    state.done = true;
    switch (item.type) {
      case 'message':
        for (const [place, part] of asArray(item.content).entries()) if (isObject(part)) this.#endPart(part, place, state);
        return;
      case 'reasoning':
        this.#endReasoning(item, state);
        return;
      case 'function_call':
      case 'custom_tool_call':
        this.#name(item, state);
        this.#catchUp(state, item.type === 'function_call' ? callArguments : callInput, 0, decodeCall(item).input);
        return;
      default:
        this.#say({ ...decodeNativeItem(item), part: this.parts++ });
    }
  }

  #readText(type: string, value: JsonObject, index: number): void {
    const end = type.lastIndexOf('.');
    const kind = kindsOfEvents.get(type.slice(0, end));
    if (kind === undefined) return;
    const state = this.#item(index, value.item_id);
    // Input of a call that was not named yet waits for the item's end, which repeats it.
    if (kind.says === 'tool-input' && !state.named) return;
    const place = kind.index === undefined ? 0 : value[kind.index];
    if (type.endsWith('.delta')) {
      if (typeof value.delta === 'string') this.#extend(state, kind, place, value.delta, value.logprobs);
    } else if (type.endsWith('.done') && typeof value[kind.key] === 'string') {
      this.#catchUp(state, kind, place, String(value[kind.key]), value.logprobs);
    }
  }

  #endPart(part: JsonObject, place: number, state: Item): void {
    if (part.type === 'refusal') {
      this.#catchUp(state, refusalText, place, textOf(part.refusal) ?? '');
      return;
    }
    const whole = textOf(part.text);
    if (whole === undefined) return;
    this.#catchUp(state, outputText, place, whole, part.logprobs);
    const text = this.#text(state, outputText, place);
    for (const annotation of asArray(part.annotations).slice(text.annotations)) if (isObject(annotation)) this.#annotate(text, annotation);
  }

  #endReasoning(item: JsonObject, state: Item): void {
    for (const [kind, parts] of [
      [summaryText, item.summary],
      [thoughtText, item.content],
    ] as const) {
      for (const [place, part] of asArray(parts).entries()) if (isObject(part)) this.#catchUp(state, kind, place, textOf(part.text) ?? '');
    }
    const signature = decodeReasoning(item)?.part.signature;
    if (signature === undefined) return;
    state.part ??= this.parts++;
    this.#say({ type: 'signature', part: state.part, signature, sealed: true, ...optional('id', textOf(item.id)) });
  }

  /** A call is said as soon as its name is known; its input follows. */
  #name(item: JsonObject, state: Item): void {
    if (state.named || (item.type !== 'function_call' && item.type !== 'custom_tool_call')) return;
    const { id, name, custom } = decodeCall(item);
    if (name === '' && !state.done) return;
    state.named = true;
    state.part ??= this.parts++;
    this.endings.push({ type: item.type });
    this.#say({ type: 'tool-call', part: state.part, id, name, ...optional('custom', custom) });
  }

  /** What the whole text has beyond the pieces that came before it; nothing where it is another text than theirs. */
  #catchUp(state: Item, kind: TextKind, place: unknown, whole: string, logprobs?: unknown): void {
    const { length, lastPiece } = state.texts.get(keyOf(kind, place)) ?? { length: 0, lastPiece: '' };
    if (length === 0) this.#extend(state, kind, place, whole, logprobs);
    else if (whole.length > length && whole.startsWith(lastPiece, length - lastPiece.length)) {
      this.#extend(state, kind, place, whole.slice(length), undefined);
    }
  }

  #extend(state: Item, kind: TextKind, place: unknown, piece: string, logprobs: unknown): void {
    if (piece === '') return;
    const continued = kind.says === 'reasoning' && state.texts.size > 0;
    const text = this.#text(state, kind, place);
    const first = text.length === 0;
    text.length += piece.length;
    text.lastPiece = piece;
    const { part } = text;
    if (kind.says === 'text') {
      this.#say({ type: 'text', part, text: piece, ...optional('logprobs', decodeLogprobs(asArray(logprobs))) });
    } else if (kind.says === 'reasoning') {
      this.#say({ type: 'reasoning', part, text: first && continued ? paragraphBreak + piece : piece, ...optional('id', state.id) });
    } else {
      if (kind.says === 'refusal' && first) this.endings.push({ type: 'message', content: [{ type: 'refusal' }] });
      this.#say({ type: kind.says, part, text: piece });
    }
  }

  #annotate(text: RunningText, annotation: JsonObject): void {
    text.annotations += 1;
    this.#say({ type: 'annotation', part: text.part, annotation: decodeAnnotation(annotation) });
  }

  #item(index: number, id: unknown): Item {
    const present = this.#items.get(index);
    if (present !== undefined) return present;
    if (this.#items.size >= maxItems) throw new SluiceError('provider_error', `The provider sent more than ${maxItems} items.`);
    const item: Item = { id: textOf(id), part: undefined, named: false, done: false, texts: new Map() };
    this.#items.set(index, item);
    return item;
  }

  #text(state: Item, kind: TextKind, place: unknown): RunningText {
    const key = keyOf(kind, place);
    const present = state.texts.get(key);
    if (present !== undefined) return present;
    if (state.texts.size >= maxTexts) throw new SluiceError('provider_error', `The provider sent an item of more than ${maxTexts} texts.`);
    const ofMessage = kind.says === 'text' || kind.says === 'refusal';
    const part = ofMessage ? this.parts++ : (state.part ??= this.parts++);
    const text = { part, length: 0, lastPiece: '', annotations: 0 };
    state.texts.set(key, text);
    return text;
  }
}

function keyOf(kind: TextKind, place: unknown): string {
  return `${kind.slot} ${typeof place === 'number' ? place : 0}`;
}
