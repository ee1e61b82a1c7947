import type { UnmaskTable } from '@sluice/contracts';
import { encodeEvent, RunningTexts, type EventRewriter } from '../event-restorer.ts';
import { Matchers } from '../field-restorer.ts';
import { isObject, omit, parseJson, type JsonObject } from '../json-value.ts';
import { restorePlain } from '../restore-plain.ts';
import type { SseEvent } from '../sse-parser.ts';

/** A running text: the first event that brought some of it, and the name that its events bear. */
interface Place {
  readonly first: JsonObject;
  readonly name: string | undefined;
}

/** Which of an item's texts an event is about; members that it lacks are simply undefined. */
const indexKeys = ['content_index', 'summary_index', 'command_index'] as const;
const placeKeys = ['type', 'item_id', 'output_index', ...indexKeys] as const;

/** Events after which no text runs on. */
const finalTypes = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'response.done',
  'response.created',
  'error',
  '',
]);

/**
 * Restores a stream of response events: running texts over their deltas, and every other event whole, for it repeats
 * texts that have ended. What is held back at the end of a text is said in one more delta, and all later events are
 * numbered anew.
 */
export class ResponsesStreamRestorer implements EventRewriter {
  readonly #matchers: Matchers;
  readonly #texts: RunningTexts<Place>;
  /** Events that were put in between, and the provider's number of the last event of its own. */
  #added = 0;
  #latestNumber: unknown;

  constructor(table: UnmaskTable) {
    this.#matchers = new Matchers(table);
    this.#texts = new RunningTexts(this.#matchers);
  }

  restore(event: SseEvent): Uint8Array[] {
    if (event.data === '') return [event.raw];
    if (event.data === '[DONE]') return [...this.flush(), event.raw];
    const value = parseJson(event.data);
    if (!isObject(value)) return [event.raw];
    const type = typeof value.type === 'string' ? value.type : (event.event ?? '');
    if (type.endsWith('.delta') && typeof value.delta === 'string') return [this.#restoreDelta(event, value, value.delta, type)];
    const freed = this.#flushBefore(type, value);
    // Some gateways send several responses in a row, each numbered from 0.
    if (type === 'response.created') this.#added = 0;
    this.#latestNumber = value.sequence_number;
    return [...freed, this.#restoreWhole(event)];
  }

  flush(ended: (place: Place) => boolean = () => true): Uint8Array[] {
    return this.#texts.take(ended).map(({ place, text }) => {
      this.#added += 1;
      const event = { ...omit(place.first, 'logprobs', 'obfuscation'), delta: text };
      const numbered = typeof this.#latestNumber === 'number' ? { ...event, sequence_number: this.#latestNumber } : event;
      return encodeEvent(this.#renumber(numbered), place.name);
    });
  }

  #restoreDelta(event: SseEvent, value: JsonObject, delta: string, type: string): Uint8Array {
    const id = placeKeys.map((key) => String(value[key])).join(' ');
    const restored = this.#texts.push(id, { first: value, name: event.event }, type.includes('arguments'), delta, false);
    this.#latestNumber = value.sequence_number;
    if (restored === delta && this.#added === 0) return event.raw;
    return encodeEvent(this.#renumber({ ...value, delta: restored }), event.event);
  }

  /** A text ends with its own `done` event, or with its part's or item's. Annotations come in its midst. */
  #flushBefore(type: string, value: JsonObject): Uint8Array[] {
    if (finalTypes.has(type)) return this.flush();
    return type.endsWith('.done') ? this.flush(({ first }) => endsText(type, value, first)) : [];
  }

  #restoreWhole(event: SseEvent): Uint8Array {
    const bytes = Buffer.from(event.data);
    const restored = restorePlain(bytes, this.#matchers);
    if (restored === bytes && this.#added === 0) return event.raw;
    const text = Buffer.from(restored).toString();
    if (this.#added === 0 && !text.includes('\n')) return printEvent(text, event.event);
    const value = parseJson(text);
    return isObject(value) ? encodeEvent(this.#renumber(value), event.event) : event.raw;
  }

  #renumber(value: JsonObject): JsonObject {
    if (this.#added === 0 || typeof value.sequence_number !== 'number') return value;
    return { ...value, sequence_number: value.sequence_number + this.#added };
  }
}

/** Whether an event that ends something ends the text of which `first` was the first event. */
function endsText(type: string, value: JsonObject, first: JsonObject): boolean {
  if (value.output_index !== first.output_index) return false;
  return type === 'response.output_item.done' || indexKeys.every((key) => value[key] === undefined || value[key] === first[key]);
}

/** The document as it stands, numbers and order as the provider wrote them. */
function printEvent(data: string, name: string | undefined): Uint8Array {
  return Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`);
}
