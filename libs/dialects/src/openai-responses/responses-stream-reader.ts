import type { TokenUsage } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { defaultMaxCompletionBytes, type StreamReader, type StreamReaderOptions } from '../stream-reader.ts';
import { parseEvent } from './parse-event.ts';
import { readFinishReason, readUsage } from './read-usage.ts';

/** Events that end a response and carry it whole. */
const finalTypes = new Set<unknown>(['response.completed', 'response.incomplete', 'response.failed', 'response.done']);

/**
 * Reads a stream of response events, see {@link StreamReader}. The last event carries the plain answer; the items seen
 * before are kept for servers that leave its `output` empty.
 */
export class ResponsesStreamReader implements StreamReader {
  readonly #maxBytes: number;
  #keptBytes = 0;
  #items = new Map<number, unknown>();
  #dropped: boolean;
  #completion: JsonObject | undefined;
  usage: TokenUsage | undefined;
  finishReason: string | undefined;
  failed = false;

  constructor(options: StreamReaderOptions) {
    this.#maxBytes = options.maxCompletionBytes ?? defaultMaxCompletionBytes;
    this.#dropped = this.#maxBytes === 0;
  }

  push(event: SseEvent): void {
    if (event.data === '' || event.data === '[DONE]') return;
    // Nearly all events are deltas, and a delta says nothing that is not repeated later.
    if (event.event?.endsWith('.delta') === true) return;
    const value = parseEvent(event.data);
    if (value === undefined) return;
    const { type } = value;
    if (type === 'error' || event.event === 'error' || (type === undefined && isObject(value.error))) this.failed = true;
    else if (type === 'response.created') this.#items.clear();
    else if (type === 'response.output_item.done') this.#keep(value, event.data.length);
    else if (finalTypes.has(type) && isObject(value.response)) this.#end(value.response, type, event.data.length);
  }

  completion(): unknown {
    return this.#dropped || this.failed ? undefined : this.#completion;
  }

  #keep(value: JsonObject, bytes: number): void {
    if (typeof value.output_index !== 'number' || !this.#fits(bytes)) return;
    this.#items.set(value.output_index, value.item);
  }

  #end(response: JsonObject, type: unknown, bytes: number): void {
    if (type === 'response.failed' || response.status === 'failed') this.failed = true;
    const whole = asArray(response.output).length > 0 || this.#items.size === 0 ? response : { ...response, output: this.#inOrder() };
    this.usage = readUsage(whole) ?? this.usage;
    this.finishReason = readFinishReason(whole) ?? this.finishReason;
    // The last event repeats the items, so they are not counted against it.
    this.#keptBytes = 0;
    this.#items.clear();
    if (this.#fits(bytes)) this.#completion = whole;
  }

  #inOrder(): unknown[] {
    return [...this.#items].sort(([left], [right]) => left - right).map(([, item]) => item);
  }

  #fits(bytes: number): boolean {
    this.#keptBytes += bytes;
    if (this.#keptBytes > this.#maxBytes) {
      this.#dropped = true;
      this.#items.clear();
    }
    return !this.#dropped;
  }
}
