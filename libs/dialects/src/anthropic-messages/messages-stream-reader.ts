import type { TokenUsage } from '@sluice/contracts';
import { isObject, omit, parseJson, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { defaultMaxCompletionBytes, type StreamReader, type StreamReaderOptions } from '../stream-reader.ts';
import { AssembledBlock } from './assembled-block.ts';
import { mergeUsage, readFinishReason, usageOf } from './read-usage.ts';
import { isError } from './stream-error.ts';

/** Most content blocks of one message; the longest recorded answers of server tools have some hundreds. */
const maxBlocks = 4_096;

/** Assembles a stream of Anthropic's, see {@link StreamReader}. */
export class MessagesStreamReader implements StreamReader {
  readonly #maxBytes: number;
  #keptBytes = 0;
  #dropped: boolean;
  #failed = false;
  #usage: JsonObject = {};
  #finishReason: string | undefined;
  #message: JsonObject | undefined;
  #blocks: AssembledBlock[] = [];
  #stopped = false;

  constructor(options: StreamReaderOptions) {
    this.#maxBytes = options.maxCompletionBytes ?? defaultMaxCompletionBytes;
    this.#dropped = this.#maxBytes === 0;
  }

  get usage(): TokenUsage | undefined {
    return usageOf(this.#usage);
  }

  get finishReason(): string | undefined {
    return this.#finishReason;
  }

  get failed(): boolean {
    return this.#failed;
  }

  push(event: SseEvent): void {
    if (event.data === '') return;
    const data = parseJson(event.data);
    if (!isObject(data)) return;
    this.#keptBytes += event.data.length;
    if (this.#keptBytes > this.#maxBytes) this.#drop();
    if (event.event === 'error' || isError(data)) this.#failed = true;
    else if (data.type === 'message_start' && isObject(data.message)) this.#start(data.message);
    else if (data.type === 'content_block_start') this.#startBlock(data);
    else if (data.type === 'content_block_delta') this.#addDelta(data);
    else if (data.type === 'message_delta') this.#addMessageDelta(data);
    else if (data.type === 'message_stop') this.#stopped = true;
  }

  completion(): unknown {
    if (this.#dropped || this.#failed || !this.#stopped || this.#message === undefined) return undefined;
    if (typeof this.#message.stop_reason !== 'string') return undefined;
    const content: JsonObject[] = [];
    for (const block of this.#blocks) {
      const value = block.value();
      if (value === undefined) return undefined;
      content.push(value);
    }
    return { ...this.#message, content, usage: this.#usage };
  }

  /** The same message may be announced twice; another one makes an answer that no plain message could tell. */
  #start(message: JsonObject): void {
    if (this.#message !== undefined) {
      if (message.id === this.#message.id && !this.#stopped) return;
      this.#drop();
    }
    const { content, ...head } = message;
    this.#message = head;
    this.#finishReason = readFinishReason(message) ?? this.#finishReason;
    this.#usage = isObject(message.usage) ? message.usage : {};
    if (this.#dropped) return;
    this.#blocks = (Array.isArray(content) ? content : []).filter(isObject).map((block) => new AssembledBlock(block));
  }

  #startBlock({ index, content_block }: JsonObject): void {
    if (this.#dropped) return;
    // A block out of turn could not be put in its place.
    if (!isObject(content_block) || index !== this.#blocks.length || this.#blocks.length >= maxBlocks) this.#drop();
    else this.#blocks.push(new AssembledBlock(content_block));
  }

  #addDelta({ index, delta }: JsonObject): void {
    if (this.#dropped) return;
    const block = typeof index === 'number' ? this.#blocks[index] : undefined;
    if (block === undefined || !isObject(delta)) this.#drop();
    else block.add(delta);
  }

  #addMessageDelta(event: JsonObject): void {
    const { delta, usage } = event;
    if (isObject(usage)) this.#usage = mergeUsage(this.#usage, usage);
    this.#finishReason = readFinishReason({ delta }) ?? this.#finishReason;
    if (this.#message !== undefined && !this.#dropped)
      this.#message = { ...this.#message, ...omit(event, 'type', 'delta', 'usage'), ...(isObject(delta) ? delta : {}) };
  }

  #drop(): void {
    this.#dropped = true;
    this.#blocks = [];
  }
}
