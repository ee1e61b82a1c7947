import type { TokenUsage } from '@sluice/contracts';
import { asArray, isObject, omit, parseJson, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { defaultMaxCompletionBytes, type StreamReader, type StreamReaderOptions } from '../stream-reader.ts';
import { createMessage, mergeDelta, mergeLogprobs, type Message } from './merge-delta.ts';
import { readUsage } from './read-usage.ts';

interface Choice {
  readonly index: number;
  readonly message: Message;
  logprobs: unknown;
  finishReason: string | undefined;
}

/** Most choices that OpenAI's API gives for one request. */
const maxChoices = 128;

/** Assembles a chat stream, see {@link StreamReader}. */
export class ChatStreamReader implements StreamReader {
  readonly #maxBytes: number;
  #keptBytes = 0;
  #dropped: boolean;
  #failed = false;
  #usage: TokenUsage | undefined;
  /** As the provider wrote it: the plain answer keeps details that {@link TokenUsage} has no name for. */
  #usageSource: unknown;
  #finishReason: string | undefined;
  #head: JsonObject | undefined;
  #choices = new Map<number, Choice>();

  constructor(options: StreamReaderOptions) {
    this.#maxBytes = options.maxCompletionBytes ?? defaultMaxCompletionBytes;
    this.#dropped = this.#maxBytes === 0;
  }

  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  get finishReason(): string | undefined {
    return this.#finishReason;
  }

  get failed(): boolean {
    return this.#failed;
  }

  push(event: SseEvent): void {
    if (event.data === '' || event.data === '[DONE]') return;
    const chunk = parseJson(event.data);
    if (!isObject(chunk)) return;
    if (event.event === 'error' || (chunk.error !== undefined && chunk.error !== null)) this.#failed = true;
    const usage = readUsage(chunk);
    if (usage !== undefined) {
      this.#usage = usage;
      this.#usageSource = chunk.usage;
    }
    this.#keptBytes += event.data.length;
    if (this.#keptBytes > this.#maxBytes) this.#drop();
    // Azure's first chunk has no choices, and neither id nor model.
    if (asArray(this.#head?.choices).length === 0) this.#head = { ...this.#head, ...chunk };
    for (const [position, choice] of asArray(chunk.choices).entries()) {
      if (isObject(choice)) this.#addChoice(choice, position);
    }
  }

  completion(): unknown {
    if (this.#dropped || this.#failed || this.#head === undefined || this.#choices.size === 0) return undefined;
    const choices = [...this.#choices.values()].sort((left, right) => left.index - right.index);
    if (choices.some((choice) => choice.finishReason === undefined)) return undefined;
    return {
      ...omit(this.#head, 'usage', 'choices', 'obfuscation'),
      object: 'chat.completion',
      choices: choices.map(({ index, message, logprobs, finishReason }) => ({
        index,
        message,
        logprobs: logprobs ?? null,
        finish_reason: finishReason,
      })),
      ...(this.#usageSource === undefined ? {} : { usage: this.#usageSource }),
    };
  }

  #addChoice(source: JsonObject, position: number): void {
    if (typeof source.finish_reason === 'string') this.#finishReason = source.finish_reason;
    if (this.#dropped) return;
    const index = typeof source.index === 'number' ? source.index : position;
    const choice = this.#choices.get(index) ?? { index, message: createMessage(), logprobs: undefined, finishReason: undefined };
    this.#choices.set(index, choice);
    if (this.#choices.size > maxChoices || (isObject(source.delta) && !mergeDelta(choice.message, source.delta))) {
      this.#drop();
      return;
    }
    choice.logprobs = mergeLogprobs(choice.logprobs, source.logprobs);
    if (typeof source.finish_reason === 'string') choice.finishReason = source.finish_reason;
  }

  #drop(): void {
    this.#dropped = true;
    this.#choices = new Map();
  }
}
