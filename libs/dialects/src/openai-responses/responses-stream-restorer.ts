import type { UnmaskTable } from '@sluice/contracts';
import { FieldRestorer, Matchers, restoreText } from '../field-restorer.ts';
import { isObject, omit, parseJson, type JsonObject } from '../json-value.ts';
import { readingAnswer } from '../reading-answer.ts';
import { restorePlain } from '../restore-plain.ts';
import type { StreamRestorer } from '../restorer.ts';
import { SseParser, type SseEvent } from '../sse-parser.ts';

/** One running text of an item, and the last event that brought more of it. */
interface Field {
  readonly item: unknown;
  readonly restorer: FieldRestorer;
  latest: JsonObject;
  readonly name: string | undefined;
}

/** Running texts of one stream; what comes in further ones is restored within each event only. */
const maxFields = 1_024;

/** Where a running text stands; members that an event lacks are simply undefined. */
const placeKeys = ['type', 'item_id', 'output_index', 'content_index', 'summary_index', 'command_index'] as const;

/** Events after which no text runs on. */
const finalTypes = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.created', 'error']);

/**
 * Restores a stream of response events: running texts over their deltas, and every other event whole, for it repeats
 * texts that have ended. What is held back at the end of a text is said in one more delta, and all later events are
 * numbered anew.
 */
export class ResponsesStreamRestorer implements StreamRestorer {
  readonly #parser = new SseParser();
  readonly #matchers: Matchers;
  readonly #fields = new Map<string, Field>();
  /** Events that were put in between. */
  #added = 0;

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
    const flushed = this.#flush(() => true);
    // An event that the provider left without its blank line must be closed before another one may follow.
    if (parts.length > 0 && flushed.length > 0) parts.push(Buffer.from('\n\n'));
    return Buffer.concat([...parts, ...flushed]);
  }

  #restoreEvent(event: SseEvent): Uint8Array[] {
    if (event.data === '') return [event.raw];
    if (event.data === '[DONE]') return [...this.#flush(() => true), event.raw];
    const value = parseJson(event.data);
    if (!isObject(value)) return [event.raw];
    const type = typeof value.type === 'string' ? value.type : (event.event ?? '');
    if (type.endsWith('.delta') && typeof value.delta === 'string') return [this.#restoreDelta(event, value, value.delta, type)];
    const freed = this.#flushBefore(type, value);
    // Some gateways send several responses in a row, each numbered from 0.
    if (type === 'response.created') this.#added = 0;
    return [...freed, this.#restoreWhole(event)];
  }

  #restoreDelta(event: SseEvent, value: JsonObject, delta: string, type: string): Uint8Array {
    const restored = this.#run(event, value, delta, type);
    if (restored === delta && this.#added === 0) return event.raw;
    return encodeEvent(event.event, this.#renumber({ ...value, delta: restored }));
  }

  #run(event: SseEvent, value: JsonObject, delta: string, type: string): string {
    const id = placeKeys.map((key) => String(value[key])).join(' ');
    const document = type.includes('arguments');
    let field = this.#fields.get(id);
    if (field === undefined) {
      if (this.#fields.size >= maxFields) return restoreText(this.#matchers, delta, document);
      field = { item: value.output_index, restorer: new FieldRestorer(this.#matchers, document), latest: value, name: event.event };
      this.#fields.set(id, field);
    }
    field.latest = value;
    return field.restorer.push(delta, false);
  }

  /** A text ends with its own `done` event, or with its item's. Annotations come in its midst. */
  #flushBefore(type: string, value: JsonObject): Uint8Array[] {
    if (finalTypes.has(type) || type === '') return this.#flush(() => true);
    return type.endsWith('.done') ? this.#flush((field) => endsField(type, value, field)) : [];
  }

  #flush(ended: (field: Field) => boolean): Uint8Array[] {
    const events: Uint8Array[] = [];
    for (const [id, field] of this.#fields) {
      if (!ended(field)) continue;
      this.#fields.delete(id);
      if (!field.restorer.holds) continue;
      this.#added += 1;
      const delta = field.restorer.push('', true);
      events.push(encodeEvent(field.name, this.#renumber({ ...omit(field.latest, 'logprobs', 'obfuscation'), delta })));
    }
    return events;
  }

  #restoreWhole(event: SseEvent): Uint8Array {
    const bytes = Buffer.from(event.data);
    const restored = restorePlain(bytes, this.#matchers);
    if (restored === bytes && this.#added === 0) return event.raw;
    const text = Buffer.from(restored).toString();
    if (this.#added === 0 && !text.includes('\n')) return printEvent(event.event, text);
    const value = parseJson(text);
    return encodeEvent(event.event, isObject(value) ? this.#renumber(value) : value);
  }

  #renumber(value: JsonObject): JsonObject {
    if (this.#added === 0 || typeof value.sequence_number !== 'number') return value;
    return { ...value, sequence_number: value.sequence_number + this.#added };
  }
}

/** `response.output_text.done` ends what `response.output_text.delta` ran; the item's and the part's own end do so too. */
function endsField(type: string, value: JsonObject, field: Field): boolean {
  if (value.output_index !== field.item) return false;
  if (type === 'response.output_item.done') return true;
  const sameIndex = (key: string) => value[key] === undefined || value[key] === field.latest[key];
  return sameIndex('content_index') && sameIndex('summary_index') && sameIndex('command_index');
}

function encodeEvent(name: string | undefined, value: unknown): Uint8Array {
  return printEvent(name, JSON.stringify(value));
}

function printEvent(name: string | undefined, data: string): Uint8Array {
  return Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`);
}
