import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { isObject, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import type { StreamCloser } from '../stream-closer.ts';
import { EventWriter } from './event-writer.ts';
import { bytesOfDelta, OpenItem } from './open-item.ts';
import { parseEvent } from './parse-event.ts';
import { encodeUsage, statusOf } from './response-object.ts';

/** Items of one response, and bytes of its texts: they are said again at their end, so they are kept until then. */
const maxItems = 4_096;
const maxBytes = 33_554_432;

/** Events by which the provider ends a response itself. */
const endings = new Set(['response.completed', 'response.incomplete', 'response.failed', 'response.cancelled', 'response.done', 'error']);

/** Follows a stream of response events, see {@link StreamCloser}. The last event repeats everything, so everything is kept. */
export class ResponsesStreamCloser implements StreamCloser {
  #response: JsonObject = {};
  /** By their `output_index`: items at their end as they stand, others as far as they have come. */
  #items: (OpenItem | JsonObject | undefined)[] = [];
  #sequenceNumber = 0;
  #bytes = 0;
  /** What was read last, and is not passed on yet. */
  #next: { readonly type: string; readonly value: JsonObject; readonly bytes: number } | undefined;
  ended = false;

  read(event: SseEvent): number {
    const value = event.data === '' || event.data === '[DONE]' ? undefined : parseEvent(event.data);
    if (value === undefined) {
      this.#next = undefined;
      return 0;
    }
    const type = typeof value.type === 'string' ? value.type : (event.event ?? '');
    const bytes = bytesOfDelta(type, value);
    this.#next = { type, value, bytes };
    return bytes;
  }

  pass(): void {
    if (this.#next === undefined) return;
    const { type, value, bytes } = this.#next;
    this.#next = undefined;
    if (typeof value.sequence_number === 'number') this.#sequenceNumber = value.sequence_number + 1;
    if (isObject(value.response)) this.#response = value.response;
    if (type === 'response.created') {
      this.#items = [];
      this.ended = false;
    } else if (endings.has(type)) this.ended = true;
    this.#follow(type, value);
    this.#bytes += bytes;
    if (this.#bytes > maxBytes) throw new SluiceError('provider_error', `The provider sent an answer of more than ${maxBytes} bytes.`);
  }

  close(usage: TokenUsage): Uint8Array {
    const writer = new EventWriter(this.#sequenceNumber);
    const output = this.#items.flatMap((item) => {
      if (item === undefined) return [];
      return [item instanceof OpenItem ? item.close(writer.emit) : item];
    });
    const response = { ...this.#response, ...statusOf({ reason: 'length' }), output, usage: encodeUsage(usage) };
    writer.emit('response.incomplete', { response });
    return writer.take();
  }

  #follow(type: string, value: JsonObject): void {
    const index = value.output_index;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= maxItems) return;
    if (type === 'response.output_item.added') {
      if (isObject(value.item)) this.#items[index] = new OpenItem(index, value.item);
    } else if (type === 'response.output_item.done') {
      if (isObject(value.item)) this.#items[index] = value.item;
    } else {
      const item = this.#items[index];
      if (item instanceof OpenItem) item.read(type, value);
    }
  }
}
