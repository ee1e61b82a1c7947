import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { StreamDecoder } from '../neutral/codec.ts';
import type { Finish } from '../neutral/model-answer.ts';
import { numberOf, optional, textOf } from '../openai-chat/optional.ts';
import type { SseEvent } from '../sse-parser.ts';
import { finishOfResponse } from './finish-of-response.ts';
import { OutputReader } from './output-reader.ts';
import { parseEvent } from './parse-event.ts';
import { readUsage } from './read-usage.ts';

/**
 * Reads a stream of response events. Whatever an event leaves out is taken from a later one that repeats it: some servers
 * send no deltas, some no items, some leave the `output` of the last event empty.
 */
export class ResponsesStreamDecoder implements StreamDecoder {
  #output: OutputReader;
  #events: AnswerEvent[] = [];
  #started = false;
  #failed = false;
  #finish: Finish | undefined;
  usage: TokenUsage | undefined;

  constructor() {
    this.#output = this.#nextOutput(0);
  }

  get complete(): boolean {
    return this.#finish !== undefined && !this.#failed;
  }

  push(event: SseEvent): AnswerEvent[] {
    if (event.data === '' || event.data === '[DONE]') return [];
    const value = parseEvent(event.data);
    if (value === undefined) throw new SluiceError('provider_error', 'The provider sent a stream event that is no JSON object.');
    this.#events = [];
    if (!this.#failed) this.#read(textOf(value.type) ?? event.event ?? '', value);
    return this.#events;
  }

  /** The finish comes here: a stream may carry several responses in a row, and the last one tells how it ended. */
  end(): AnswerEvent[] {
    return this.#finish === undefined || this.#failed ? [] : [{ type: 'finish', finish: this.#finish }];
  }

  #read(type: string, value: JsonObject): void {
    const response = isObject(value.response) ? value.response : undefined;
    switch (type) {
      case 'response.created':
        this.#output = this.#nextOutput(this.#output.parts);
        this.#start(response);
        return;
      case 'response.in_progress':
      case 'response.queued':
        this.#start(response);
        return;
      case 'response.completed':
      case 'response.incomplete':
        this.#complete(response ?? {}, type.slice('response.'.length));
        return;
      case 'response.done':
        // OpenRouter's word for all of them: its status tells.
        if (response?.status === 'failed') this.#end(response);
        else this.#complete(response ?? {}, response?.status === 'incomplete' ? 'incomplete' : 'completed');
        return;
      case 'response.failed':
      case 'response.cancelled':
        this.#end(response);
        return;
      case 'error':
        this.#fail(isObject(value.error) ? value.error : value);
        return;
      case '':
        if (isObject(value.error)) this.#fail(value.error);
        return;
      default:
        this.#output.read(type, value);
    }
  }

  /** One for each response of the stream, for they count their items anew. */
  #nextOutput(parts: number): OutputReader {
    return new OutputReader((event) => {
      this.#start({});
      this.#events.push(event);
    }, parts);
  }

  #start(response: JsonObject | undefined): void {
    if (this.#started || response === undefined) return;
    this.#started = true;
    this.#events.push({
      type: 'start',
      id: textOf(response.id) ?? '',
      model: textOf(response.model) ?? '',
      ...optional('createdSeconds', numberOf(response.created_at)),
      ...optional('serviceTier', textOf(response.service_tier)),
    });
  }

  /** A response that failed. */
  #end(response: JsonObject | undefined): void {
    this.#takeUsage(response);
    this.#fail(isObject(response?.error) ? response.error : {});
  }

  #complete(response: JsonObject, status: string): void {
    this.#start(response);
    for (const [index, item] of asArray(response.output).entries()) if (isObject(item)) this.#output.readItem(item, index);
    this.#takeUsage(response);
    const output = [...asArray(response.output), ...this.#output.endings];
    this.#finish = finishOfResponse({ ...response, status, output }) ?? { reason: 'stop' };
  }

  #takeUsage(response: JsonObject | undefined): void {
    const usage = readUsage(response);
    if (usage === undefined) return;
    this.usage = usage;
    this.#events.push({ type: 'usage', usage });
  }

  #fail(error: JsonObject): void {
    this.#failed = true;
    const code = textOf(error.code) ?? textOf(error.type) ?? 'error';
    this.#events.push({ type: 'error', code, message: textOf(error.message) ?? '' });
  }
}
