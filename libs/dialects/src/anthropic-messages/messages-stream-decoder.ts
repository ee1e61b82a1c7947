import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { asArray, isObject, parseJson, type JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { StreamDecoder } from '../neutral/codec.ts';
import type { Finish } from '../neutral/model-answer.ts';
import type { SseEvent } from '../sse-parser.ts';
import { BlockDecoder } from './block-decoder.ts';
import { refusalParts, serviceTierOf } from './decode-answer.ts';
import { mergeUsage, usageOf } from './read-usage.ts';
import { isError } from './stream-error.ts';
import { finishOf } from './stop-reason.ts';

/** Most content blocks of one stream; the longest recorded answers of server tools have some hundreds. */
const maxBlocks = 4_096;

/**
 * Reads a stream of Anthropic's. A message announced twice is one message. Several whole messages in a row, as servers
 * write that run tools between them, are one answer that ends as the last one did. One that begins within another is
 * an error: whatever was open, a tool call perhaps, would stay cut in the middle.
 */
export class MessagesStreamDecoder implements StreamDecoder {
  #messageId: string | undefined;
  #open = false;
  #usage: JsonObject = {};
  #finish: Finish | undefined;
  #stopDetails: unknown;
  #told = false;
  #parts = 0;
  #blockCount = 0;
  #blocks = new Map<number, BlockDecoder>();

  get usage(): TokenUsage | undefined {
    return usageOf(this.#usage);
  }

  /** True from the stop reason on: some servers leave out `message_stop`, and nothing but usage could follow. */
  get complete(): boolean {
    return this.#finish !== undefined;
  }

  push(event: SseEvent): AnswerEvent[] {
    // Servers that speak OpenAI's format too end every stream as it wants.
    if (event.data === '' || event.data === '[DONE]') return [];
    const data = parseJson(event.data);
    if (!isObject(data)) throw new SluiceError('provider_error', 'The provider sent a stream event that is not a JSON object.');
    if (event.event === 'error' || isError(data)) return [errorOf(data)];
    switch (data.type) {
      case 'message_start':
        return isObject(data.message) ? this.#start(data.message) : [];
      case 'content_block_start':
        return isObject(data.content_block) ? this.#startBlock(indexOf(data), data.content_block) : [];
      case 'content_block_delta':
        return isObject(data.delta) ? this.#addDelta(indexOf(data), data.delta) : [];
      case 'content_block_stop':
        return this.#stopBlock(indexOf(data));
      case 'message_delta':
        return this.#addMessageDelta(data);
      case 'message_stop':
        return this.#stop();
      default:
        return [];
    }
  }

  end(): AnswerEvent[] {
    return this.#finish === undefined ? [] : this.#stop();
  }

  #start(message: JsonObject): AnswerEvent[] {
    const id = typeof message.id === 'string' ? message.id : '';
    if (this.#open) {
      if (id === this.#messageId) return [];
      return [{ type: 'error', code: 'api_error', message: 'The provider began a second message before the first one ended.' }];
    }
    const first = this.#messageId === undefined;
    this.#messageId = id;
    this.#open = true;
    this.#finish = undefined;
    this.#told = false;
    this.#stopDetails = message.stop_details;
    this.#usage = isObject(message.usage) ? message.usage : {};
    if (typeof message.stop_reason === 'string') this.#finish = finishOf(message.stop_reason, message.stop_sequence);
    const events: AnswerEvent[] = [];
    if (first) {
      const model = typeof message.model === 'string' ? message.model : '';
      events.push({ type: 'start', id, model, ...serviceTierOf(message.usage) });
    }
    events.push(...this.#usageEvents());
    // A turn that goes on within the provider's own tool begins with the calls that it had made.
    for (const [index, block] of asArray(message.content).entries()) {
      if (isObject(block)) events.push(...this.#startBlock(index, block), ...this.#stopBlock(index));
    }
    return events;
  }

  #startBlock(index: number, block: JsonObject): AnswerEvent[] {
    if (++this.#blockCount > maxBlocks) {
      throw new SluiceError('provider_error', `The provider sent an answer of more than ${maxBlocks} content blocks.`);
    }
    const events = this.#stopBlock(index);
    const decoder = new BlockDecoder(() => this.#parts++, block);
    this.#blocks.set(index, decoder);
    return [...events, ...decoder.start()];
  }

  #addDelta(index: number, delta: JsonObject): AnswerEvent[] {
    const block = this.#blocks.get(index);
    if (block !== undefined) return block.add(delta);
    // Some servers leave out the start of a text.
    if (delta.type === 'text_delta') return [...this.#startBlock(index, { type: 'text', text: '' }), ...this.#addDelta(index, delta)];
    if (delta.type === 'thinking_delta') {
      return [...this.#startBlock(index, { type: 'thinking', thinking: '' }), ...this.#addDelta(index, delta)];
    }
    throw new SluiceError('provider_error', 'The provider sent a piece of a content block that it never began.');
  }

  #stopBlock(index: number): AnswerEvent[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    return block?.end() ?? [];
  }

  #addMessageDelta({ delta, usage }: JsonObject): AnswerEvent[] {
    if (isObject(usage)) this.#usage = mergeUsage(this.#usage, usage);
    if (isObject(delta)) {
      if (typeof delta.stop_reason === 'string') this.#finish = finishOf(delta.stop_reason, delta.stop_sequence);
      this.#stopDetails = delta.stop_details ?? this.#stopDetails;
    }
    return this.#usageEvents();
  }

  /** Ends what is open; the finish is told once for each message. */
  #stop(): AnswerEvent[] {
    const events = [...this.#blocks.keys()].flatMap((index) => this.#stopBlock(index));
    this.#open = false;
    if (this.#finish === undefined || this.#told) return events;
    this.#told = true;
    for (const part of refusalParts(this.#stopDetails)) {
      if (part.type === 'refusal') events.push({ type: 'refusal', part: this.#parts++, text: part.text });
    }
    events.push({ type: 'finish', finish: this.#finish });
    return events;
  }

  #usageEvents(): AnswerEvent[] {
    const usage = usageOf(this.#usage);
    return usage === undefined ? [] : [{ type: 'usage', usage }];
  }
}

function indexOf({ index }: JsonObject): number {
  return typeof index === 'number' ? index : 0;
}

function errorOf({ error, message }: JsonObject): AnswerEvent {
  const detail = isObject(error) ? error : {};
  const said = detail.message ?? (typeof error === 'string' ? error : message);
  return {
    type: 'error',
    code: typeof detail.type === 'string' ? detail.type : 'api_error',
    message: typeof said === 'string' ? said : 'The provider ended the stream with an error.',
  };
}
