import type { UnmaskTable } from '@sluice/contracts';
import { FieldRestorer, Matchers, restoreText } from '../field-restorer.ts';
import { asArray, isObject, mapChanged, mapMembers, omit, parseJson, type JsonObject } from '../json-value.ts';
import { readingAnswer } from '../reading-answer.ts';
import type { StreamRestorer } from '../restorer.ts';
import { SseParser, type SseEvent } from '../sse-parser.ts';
import { isStructural } from '../structural-text.ts';
import { walkTexts } from '../walk-texts.ts';

/** One running text of a choice, and how a delta that carries more of it looks. */
interface Field {
  readonly choice: number;
  readonly restorer: FieldRestorer;
  readonly delta: (text: string) => JsonObject;
}

/** Running texts of one stream; what comes in further ones is restored within each event only. */
const maxFields = 1_024;

const assistant = { role: 'assistant', last: false } as const;

/** Restores a chat stream: per choice for content, refusal and reasoning, per tool call for arguments. */
export class ChatStreamRestorer implements StreamRestorer {
  readonly #parser = new SseParser();
  readonly #matchers: Matchers;
  readonly #fields = new Map<string, Field>();
  /** The last chunk seen: its id, model and time go into events made here. */
  #latest: JsonObject = {};

  constructor(table: UnmaskTable) {
    this.#matchers = new Matchers(table);
  }

  push(bytes: Uint8Array): Uint8Array {
    const carried = this.#parser.pendingBytes;
    const events = this.#parser.push(bytes);
    const parts: Uint8Array[] = [];
    let changed = carried > 0 || this.#parser.pendingBytes > 0;
    for (const event of events) {
      const restored = readingAnswer(() => this.#restoreEvent(event));
      if (restored.length !== 1 || restored[0] !== event.raw) changed = true;
      parts.push(...restored);
    }
    return changed ? Buffer.concat(parts) : bytes;
  }

  end(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const event of this.#parser.end()) parts.push(...readingAnswer(() => this.#restoreEvent(event)));
    const flushed = this.#flush();
    // An event that the provider left without its blank line must be closed before another one may follow.
    if (parts.length > 0 && flushed.length > 0) parts.push(Buffer.from('\n\n'));
    return Buffer.concat([...parts, ...flushed]);
  }

  /** Events in place of one: what a finish sets free comes before the event that finishes. */
  #restoreEvent(event: SseEvent): Uint8Array[] {
    if (event.data === '') return [event.raw];
    if (event.data === '[DONE]') return [...this.#flush(), event.raw];
    const chunk = parseJson(event.data);
    if (!isObject(chunk)) return [event.raw];
    if (!Array.isArray(chunk.choices)) return 'error' in chunk ? [...this.#flush(), event.raw] : [event.raw];
    this.#latest = chunk;
    const freed: Uint8Array[] = [];
    const choices = mapChanged(asArray(chunk.choices), (choice, position) => {
      if (!isObject(choice)) return choice;
      const index = typeof choice.index === 'number' ? choice.index : position;
      const final = typeof choice.finish_reason === 'string';
      const restored = mapMembers(choice, (key, value) => this.#restoreMember(key, value, index, final));
      if (final) freed.push(...this.#flush(index));
      return restored;
    });
    if (choices === chunk.choices) return [...freed, event.raw];
    return [...freed, encodeEvent({ ...chunk, choices }, event.event)];
  }

  #restoreMember(key: string, value: unknown, choice: number, final: boolean): unknown {
    if (key === 'delta' && isObject(value)) return this.#restoreDelta(value, choice, final);
    return key === 'message' ? this.#restoreWhole(value, key) : value;
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
      if (key === 'function_call' && isObject(value)) {
        return this.#restoreInner(value, 'arguments', choice, 'function_call', final, (text) => ({ function_call: { arguments: text } }));
      }
      if (key === 'audio' && isObject(value)) {
        return this.#restoreInner(value, 'transcript', choice, 'audio', final, (text) => ({ audio: { transcript: text } }));
      }
      return this.#restoreWhole(value, key);
    });
  }

  #restoreCall(call: JsonObject, position: number, choice: number, final: boolean): JsonObject {
    const index = typeof call.index === 'number' ? call.index : position;
    const wrap = (part: string) => (inner: JsonObject) => ({ tool_calls: [{ index, [part]: inner }] });
    return mapMembers(call, (key, value) => {
      if (!isObject(value)) return value;
      const name = key === 'custom' ? 'input' : 'arguments';
      const delta = (text: string) => wrap(key)({ [name]: text });
      return this.#restoreInner(value, name, choice, `tool_calls.${index}.${key}`, final, delta);
    });
  }

  /** A member object of a delta whose text `name` runs on over events. */
  #restoreInner(value: JsonObject, name: string, choice: number, path: string, final: boolean, delta: Field['delta']): JsonObject {
    return mapMembers(value, (key, text) => {
      if (key !== name || typeof text !== 'string') return this.#restoreWhole(text, key);
      return this.#run(choice, `${path}.${name}`, name === 'arguments', text, final, delta);
    });
  }

  #restoreWhole(value: unknown, key: string): unknown {
    const replace = ({ text }: { text: string }) => restoreText(this.#matchers, text, false);
    return walkTexts(value, '', assistant, replace, key);
  }

  #run(choice: number, path: string, document: boolean, text: string, final: boolean, delta: Field['delta']): string {
    const id = `${choice} ${path}`;
    let field = this.#fields.get(id);
    if (field === undefined) {
      if (this.#fields.size >= maxFields) return restoreText(this.#matchers, text, document);
      field = { choice, restorer: new FieldRestorer(this.#matchers, document), delta };
      this.#fields.set(id, field);
    }
    return field.restorer.push(text, final);
  }

  /** One event for each choice (or for `choice`) of which something is held back. */
  #flush(choice?: number): Uint8Array[] {
    const deltas = new Map<number, JsonObject>();
    for (const field of this.#fields.values()) {
      if (!field.restorer.holds || (choice !== undefined && field.choice !== choice)) continue;
      deltas.set(field.choice, mergeDeltas(deltas.get(field.choice) ?? {}, field.delta(field.restorer.push('', true))));
    }
    if (deltas.size === 0) return [];
    const head = omit(this.#latest, 'usage', 'choices');
    return [...deltas].map(([index, delta]) => encodeEvent({ ...head, choices: [{ index, delta, finish_reason: null }] }, undefined));
  }
}

function mergeDeltas(left: JsonObject, right: JsonObject): JsonObject {
  if (left.tool_calls === undefined || right.tool_calls === undefined) return { ...left, ...right };
  return { ...left, tool_calls: [...asArray(left.tool_calls), ...asArray(right.tool_calls)] };
}

function encodeEvent(chunk: JsonObject, name: string | undefined): Uint8Array {
  return Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(chunk)}\n\n`);
}
