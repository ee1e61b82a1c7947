import { isObject, type JsonObject } from '../json-value.ts';
import { bytesWritten } from '../stream-closer.ts';
import type { EmitEvent } from './event-writer.ts';

/** One kind of running text: where it stands in its item, and by which member its place is told. */
interface TextKind {
  /** Member that holds the whole text. */
  readonly key: 'text' | 'refusal' | 'arguments' | 'input' | 'code';
  /** List of the item's in which the text is a part; absent: it is a member of the item itself. */
  readonly list?: 'content' | 'summary';
}

/** By what stands before `.delta` and `.done`. */
const textKinds: ReadonlyMap<string, TextKind> = new Map<string, TextKind>([
  ['response.output_text', { key: 'text', list: 'content' }],
  ['response.refusal', { key: 'refusal', list: 'content' }],
  ['response.reasoning_text', { key: 'text', list: 'content' }],
  ['response.reasoning_summary_text', { key: 'text', list: 'summary' }],
  ['response.function_call_arguments', { key: 'arguments' }],
  ['response.custom_tool_call_input', { key: 'input' }],
  ['response.mcp_call_arguments', { key: 'arguments' }],
  ['response.code_interpreter_call_code', { key: 'code' }],
]);

/** The text that a part of a type is told by. */
const textOfPart: ReadonlyMap<unknown, string> = new Map([
  ['output_text', 'response.output_text'],
  ['refusal', 'response.refusal'],
  ['reasoning_text', 'response.reasoning_text'],
  ['summary_text', 'response.reasoning_summary_text'],
]);

/** Texts of one item that are followed: far more than any model writes. */
const maxTexts = 1_024;

interface RunningText {
  readonly type: string;
  readonly kind: TextKind;
  readonly place: number;
  /** As it was announced. */
  part: JsonObject;
  text: string;
  readonly annotations: unknown[];
  readonly logprobs: unknown[];
  /** Said whole already, and its part with it. */
  textDone: boolean;
  partDone: boolean;
}

/** UTF-8 bytes that the model wrote in an event. */
export function bytesOfDelta(type: string, value: JsonObject): number {
  const { name, what } = partsOf(type);
  return what === 'delta' && textKinds.has(name) ? bytesWritten(value.delta) : 0;
}

/** What an event is about, and what happened to it. */
function partsOf(type: string): { readonly name: string; readonly what: string } {
  const end = type.lastIndexOf('.');
  return { name: type.slice(0, end), what: type.slice(end + 1) };
}

/** One item of a response under way, as far as it has come. */
export class OpenItem {
  readonly #index: number;
  readonly #item: JsonObject;
  readonly #texts: RunningText[] = [];

  constructor(index: number, item: JsonObject) {
    this.#index = index;
    this.#item = item;
  }

  /** Any event about the item. */
  read(type: string, value: JsonObject): void {
    const { name, what } = partsOf(type);
    if (name === 'response.content_part' || name === 'response.reasoning_summary_part') this.#readPart(what, value);
    else if (type === 'response.output_text.annotation.added')
      this.#text('response.output_text', value)?.annotations.push(value.annotation);
    else if (what === 'delta' || what === 'done') this.#readText(name, what, value);
  }

  /** Says the end of everything that is open, and gives the item as one that was not completed. */
  close(emit: EmitEvent): JsonObject {
    for (const text of this.#texts) this.#closeText(text, emit);
    const item: Record<string, unknown> = { ...this.#item };
    if (item.type !== 'reasoning' || 'status' in item) item.status = 'incomplete';
    for (const text of this.#texts) if (text.kind.list === undefined) item[text.kind.key] = text.text;
    for (const list of ['content', 'summary'] as const) {
      const parts = this.#texts.filter(({ kind }) => kind.list === list).sort((left, right) => left.place - right.place);
      if (parts.length > 0) item[list] = parts.map(wholePart);
    }
    emit('response.output_item.done', { output_index: this.#index, item });
    return item;
  }

  #readText(name: string, what: 'delta' | 'done', value: JsonObject): void {
    const text = this.#text(name, value);
    if (text === undefined) return;
    if (what === 'done') {
      const whole = value[text.kind.key];
      if (typeof whole === 'string') text.text = whole;
      text.textDone = true;
      return;
    }
    if (typeof value.delta === 'string') text.text += value.delta;
    if (Array.isArray(value.logprobs)) text.logprobs.push(...(value.logprobs as unknown[])); // a list of anything
  }

  #readPart(what: string, value: JsonObject): void {
    const part = isObject(value.part) ? value.part : {};
    const text = this.#text(textOfPart.get(part.type) ?? '', value);
    if (text === undefined) return;
    text.part = part;
    if (what === 'done') text.partDone = true;
  }

  /** The text that an event is about; undefined where it is of no kind that is followed. */
  #text(type: string, value: JsonObject): RunningText | undefined {
    const kind = textKinds.get(type);
    if (kind === undefined) return undefined;
    const place = placeOf(kind, value);
    const present = this.#texts.find((text) => text.type === type && text.place === place);
    if (present !== undefined || this.#texts.length >= maxTexts) return present;
    const part = kind.list === undefined ? {} : { type: [...textOfPart].find(([, name]) => name === type)?.[0] };
    const text = { type, kind, place, part, text: '', annotations: [], logprobs: [], textDone: false, partDone: kind.list === undefined };
    this.#texts.push(text);
    return text;
  }

  #closeText(text: RunningText, emit: EmitEvent): void {
    const { kind, type } = text;
    const place = kind.list === undefined ? {} : { [indexName(kind.list)]: text.place };
    const about = { item_id: this.#item.id, output_index: this.#index, ...place };
    if (!text.textDone) {
      const name = type === 'response.function_call_arguments' ? { name: this.#item.name } : {};
      const logprobs = type === 'response.output_text' ? { logprobs: text.logprobs } : {};
      emit(`${type}.done`, { ...about, ...name, [kind.key]: text.text, ...logprobs });
    }
    if (text.partDone) return;
    const part = kind.list === 'summary' ? 'response.reasoning_summary_part.done' : 'response.content_part.done';
    emit(part, { ...about, part: wholePart(text) });
  }
}

function wholePart({ type, kind, part, text, annotations, logprobs, partDone }: RunningText): JsonObject {
  if (partDone) return part;
  const whole = { ...part, [kind.key]: text };
  return type === 'response.output_text' ? { ...whole, annotations, logprobs } : whole;
}

function placeOf({ list }: TextKind, value: JsonObject): number {
  const place = list === undefined ? 0 : value[indexName(list)];
  return typeof place === 'number' ? place : 0;
}

function indexName(list: 'content' | 'summary'): 'content_index' | 'summary_index' {
  return list === 'content' ? 'content_index' : 'summary_index';
}
