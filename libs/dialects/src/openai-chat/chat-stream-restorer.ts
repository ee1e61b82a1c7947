import type { UnmaskTable } from '@sluice/contracts';
import { restoreWhole, RunningTexts } from '../event-restorer.ts';
import { Matchers } from '../field-restorer.ts';
import { asArray, isObject, mapChanged, mapMembers, type JsonObject } from '../json-value.ts';
import { isStructural } from '../structural-text.ts';
import { ChoicesRestorer } from './choices-restorer.ts';
import { ToolCallPieces } from './tool-call-pieces.ts';

/** Where a running text stands: its choice, and how a delta that carries more of it looks. */
interface Place {
  readonly choice: number;
  readonly delta: (text: string) => JsonObject;
}

/** Most choices whose calls are told apart. */
const maxChoices = 128;

/** Restores a chat stream: per choice for content, refusal and reasoning, per tool call for arguments. */
export class ChatStreamRestorer extends ChoicesRestorer {
  readonly #matchers: Matchers;
  readonly #texts: RunningTexts<Place>;
  readonly #pieces = new Map<number, ToolCallPieces>();
  constructor(table: UnmaskTable) {
    super();
    this.#matchers = new Matchers(table);
    this.#texts = new RunningTexts(this.#matchers);
  }

  /** One event for each choice (or for `choice`) of which something is held back. */
  flush(choice?: number): Uint8Array[] {
    const deltas = new Map<number, JsonObject>();
    for (const { place, text } of this.#texts.take((place) => choice === undefined || place.choice === choice)) {
      deltas.set(place.choice, mergeDeltas(deltas.get(place.choice) ?? {}, place.delta(text)));
    }
    return [...deltas].map(([index, delta]) => this.chunkOf({ index, delta, finish_reason: null }));
  }

  protected restoreChoice(choice: JsonObject, index: number, final: boolean): JsonObject {
    return mapMembers(choice, (key, value) => this.#restoreMember(key, value, index, final));
  }

  #restoreMember(key: string, value: unknown, choice: number, final: boolean): unknown {
    if (key === 'delta' && isObject(value)) return this.#restoreDelta(value, choice, final);
    return key === 'message' ? restoreWhole(this.#matchers, value, key) : value;
  }

  #restoreDelta(delta: JsonObject, choice: number, final: boolean): JsonObject {
    return mapMembers(delta, (key, value) => {
      if (typeof value === 'string') {
        if (isStructural(key, value)) return value;
        return this.#run(choice, key, false, value, final, (text) => ({ [key]: text }));
      }
      if (key === 'tool_calls' && Array.isArray(value)) {
        return mapChanged(asArray(value), (call, position) => (isObject(call) ? this.#restoreCall(call, position, choice, final) : call));
      }
      if (key === 'reasoning_details' && Array.isArray(value)) {
        return mapChanged(asArray(value), (item, position) => (isObject(item) ? this.#restoreDetail(item, position, choice, final) : item));
      }
      if (key === 'content' && Array.isArray(value))
        return this.#restoreParts(asArray(value), 'content', choice, final, (part) => ({ content: [part] }));
      if (key === 'function_call' && isObject(value)) {
        return this.#restoreInner(value, 'arguments', choice, 'function_call', final, (text) => ({ function_call: { arguments: text } }));
      }
      if (key === 'audio' && isObject(value)) {
        return this.#restoreInner(value, 'transcript', choice, 'audio', final, (text) => ({ audio: { transcript: text } }));
      }
      return restoreWhole(this.#matchers, value, key);
    });
  }

  /** A piece of a thought in OpenRouter's shapes. */
  #restoreDetail(item: JsonObject, position: number, choice: number, final: boolean): JsonObject {
    const { type } = item;
    const index = typeof item.index === 'number' ? item.index : position;
    const name = type === 'reasoning.summary' ? 'summary' : 'text';
    const path = `reasoning_details.${index}.${String(type)}`;
    return this.#restoreInner(item, name, choice, path, final, (text) => ({ reasoning_details: [{ type, index, [name]: text }] }));
  }

  /** Lists of parts, in which Mistral's thinking models stream: texts of one kind run on from list to list. */
  #restoreParts(parts: readonly unknown[], path: string, choice: number, final: boolean, wrap: (part: JsonObject) => JsonObject): unknown {
    return mapChanged(parts, (part) => {
      if (!isObject(part)) return restoreWhole(this.#matchers, part, path);
      const { type } = part;
      const inner = `${path}.${String(type)}`;
      if (type !== 'thinking' || !Array.isArray(part.thinking)) {
        return this.#restoreInner(part, 'text', choice, inner, final, (text) => wrap({ type, text }));
      }
      const wrapInner = (piece: JsonObject) => wrap({ type, thinking: [piece] });
      return mapMembers(part, (key, value) =>
        key === 'thinking' ? this.#restoreParts(asArray(value), inner, choice, final, wrapInner) : value,
      );
    });
  }

  #restoreCall(call: JsonObject, position: number, choice: number, final: boolean): JsonObject {
    const place = this.#piecesOf(choice)?.place(call) ?? position;
    const index = typeof call.index === 'number' ? call.index : place;
    const wrap = (part: string) => (inner: JsonObject) => ({ tool_calls: [{ index, [part]: inner }] });
    return mapMembers(call, (key, value) => {
      if (!isObject(value)) return value;
      const name = key === 'custom' ? 'input' : 'arguments';
      const delta = (text: string) => wrap(key)({ [name]: text });
      return this.#restoreInner(value, name, choice, `tool_calls.${place}.${key}`, final, delta);
    });
  }

  #piecesOf(choice: number): ToolCallPieces | undefined {
    let pieces = this.#pieces.get(choice);
    if (pieces === undefined && this.#pieces.size < maxChoices) this.#pieces.set(choice, (pieces = new ToolCallPieces()));
    return pieces;
  }

  /** A member object of a delta whose text `name` runs on over events. */
  #restoreInner(value: JsonObject, name: string, choice: number, path: string, final: boolean, delta: Place['delta']): JsonObject {
    return mapMembers(value, (key, text) => {
      if (key !== name || typeof text !== 'string') return restoreWhole(this.#matchers, text, key);
      return this.#run(choice, `${path}.${name}`, name === 'arguments', text, final, delta);
    });
  }

  #run(choice: number, path: string, document: boolean, text: string, final: boolean, delta: Place['delta']): string {
    return this.#texts.push(`${choice} ${path}`, { choice, delta }, document, text, final);
  }
}

/** Lists that both have are joined. */
function mergeDeltas(left: JsonObject, right: JsonObject): JsonObject {
  const lists = Object.keys(right).filter((key) => Array.isArray(left[key]) && Array.isArray(right[key]));
  return { ...left, ...right, ...Object.fromEntries(lists.map((key) => [key, [...asArray(left[key]), ...asArray(right[key])]])) };
}
