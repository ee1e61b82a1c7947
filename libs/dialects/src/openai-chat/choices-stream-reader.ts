import type { TokenUsage } from '@sluice/contracts';
import { asArray, isObject, omit, parseJson, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { defaultMaxCompletionBytes, type StreamReader, type StreamReaderOptions } from '../stream-reader.ts';
import { gatewayWord, readSaid } from './finish-reason.ts';
import { mergeLogprobs } from './merge-delta.ts';
import { textOf } from './optional.ts';
import { readUsage, usageSource } from './read-usage.ts';
import { readStreamError } from './stream-error.ts';

/** What a choice of a plain answer is made of, besides what all have. One for each choice. */
export interface ChoiceAssembly {
  /** False where it cannot be added within bounds, and the answer must be given up. */
  add(choice: JsonObject): boolean;
  /** Members of the plain choice. */
  members(): JsonObject;
}

/** How a format of `choices` is put together. */
export interface ChoicesFormat {
  /** `object` of the plain answer. */
  readonly object: string;
  createChoice(): ChoiceAssembly;
}

interface Choice {
  readonly index: number;
  readonly assembly: ChoiceAssembly;
  logprobs: unknown;
  finishReason: string | undefined;
}

/** Most choices that OpenAI's API gives for one request. */
const maxChoices = 128;

/** Members beside the choices that some providers send or complete later in the stream: the last ones count (Perplexity). */
const laterMembers = ['citations', 'search_results', 'images', 'related_questions'];

/** Assembles a stream of `choices`, see {@link StreamReader}. */
export class ChoicesStreamReader implements StreamReader {
  readonly #format: ChoicesFormat;
  readonly #maxBytes: number;
  #keptBytes = 0;
  #dropped: boolean;
  #failed = false;
  #usage: TokenUsage | undefined;
  /** As the provider wrote it: the plain answer keeps details that {@link TokenUsage} has no name for. */
  #usageSource: unknown;
  #finishReason: string | undefined;
  #said = { calls: false, refusal: false };
  #head: JsonObject | undefined;
  #choices = new Map<number, Choice>();

  constructor(format: ChoicesFormat, options: StreamReaderOptions) {
    this.#format = format;
    this.#maxBytes = options.maxCompletionBytes ?? defaultMaxCompletionBytes;
    this.#dropped = this.#maxBytes === 0;
  }

  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  get finishReason(): string | undefined {
    return this.#finishReason === undefined ? undefined : gatewayWord(this.#finishReason, this.#said);
  }

  get failed(): boolean {
    return this.#failed;
  }

  push(event: SseEvent): void {
    if (event.data === '' || event.data === '[DONE]') return;
    const chunk = parseJson(event.data);
    if (!isObject(chunk)) return;
    if (readStreamError(chunk, event) !== undefined) this.#failed = true;
    const usage = readUsage(chunk);
    if (usage !== undefined) {
      this.#usage = usage;
      this.#usageSource = usageSource(chunk);
    }
    this.#keptBytes += event.data.length;
    if (this.#keptBytes > this.#maxBytes) this.#drop();
    // Azure's first chunk has no choices, and neither id nor model.
    if (asArray(this.#head?.choices).length === 0) this.#head = { ...this.#head, ...chunk };
    else this.#addLater(chunk);
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
      object: this.#format.object,
      choices: choices.map(({ index, assembly, logprobs, finishReason }) => ({
        index,
        ...assembly.members(),
        logprobs: logprobs ?? null,
        finish_reason: finishReason,
      })),
      ...(this.#usageSource === undefined ? {} : { usage: this.#usageSource }),
    };
  }

  #addLater(chunk: JsonObject): void {
    for (const key of laterMembers) {
      if (Array.isArray(chunk[key])) this.#head = { ...this.#head, [key]: chunk[key] };
    }
  }

  #addChoice(source: JsonObject, position: number): void {
    const finishReason = textOf(source.finish_reason);
    if (finishReason !== undefined) this.#finishReason = finishReason;
    if (isObject(source.delta)) this.#listen(source.delta);
    if (this.#dropped) return;
    const index = typeof source.index === 'number' ? source.index : position;
    const choice = this.#choices.get(index) ?? this.#createChoice(index);
    if (this.#choices.size > maxChoices || !choice.assembly.add(source)) {
      this.#drop();
      return;
    }
    choice.logprobs = mergeLogprobs(choice.logprobs, source.logprobs);
    if (finishReason !== undefined) choice.finishReason = finishReason;
  }

  #createChoice(index: number): Choice {
    const choice = { index, assembly: this.#format.createChoice(), logprobs: undefined, finishReason: undefined };
    this.#choices.set(index, choice);
    return choice;
  }

  #listen(delta: JsonObject): void {
    const { calls, refusal } = readSaid(delta);
    if (calls || refusal) this.#said = { calls: this.#said.calls || calls, refusal: this.#said.refusal || refusal };
  }

  #drop(): void {
    this.#dropped = true;
    this.#choices = new Map();
  }
}
