import { isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, JsonObject, SseEvent, StreamDecoder } from '@sluice/dialects';
import { NullArguments } from './null-arguments.ts';
import { readCohereCitation } from './read-cohere-citation.ts';
import { readCohereFinish } from './read-cohere-finish.ts';
import { readCohereLogprobs } from './read-cohere-logprobs.ts';
import { readCohereUsage } from './read-cohere-usage.ts';
import { parseEvent } from '../parse-event.ts';

/** Most texts, thoughts and calls of one answer. */
const maxParts = 10_000;

interface OpenCall {
  readonly part: number;
  readonly input: NullArguments;
}

/** Reads the events of Cohere's chat; texts and calls are numbered apart. */
export class CohereStreamDecoder implements StreamDecoder {
  readonly #parts = new Map<string, number>();
  readonly #calls = new Map<number, OpenCall>();
  #lastText: number | undefined;
  #started = false;
  #complete = false;
  #usage: TokenUsage | undefined;

  get complete(): boolean {
    return this.#complete;
  }

  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  push(event: SseEvent): AnswerEvent[] {
    if (event.data === '[DONE]') return [];
    const value = parseEvent(event.data);
    const events = this.#read(value);
    if (this.#started || events[0]?.type === 'error') return events;
    this.#started = true;
    return [{ type: 'start', id: typeof value.id === 'string' ? value.id : '', model: '' }, ...events];
  }

  end(): AnswerEvent[] {
    return [];
  }

  #read(value: JsonObject): AnswerEvent[] {
    const delta = isRecord(value.delta) ? value.delta : {};
    const message = isRecord(delta.message) ? delta.message : {};
    switch (value.type) {
      case 'content-start':
      case 'content-delta':
        return this.#readContent(indexOf(value), message.content, value.logprobs);
      case 'tool-plan-delta': {
        const text = message.tool_plan;
        return typeof text === 'string' && text !== '' ? [{ type: 'reasoning', part: this.#part('plan'), text }] : [];
      }
      case 'tool-call-start':
        return this.#openCall(indexOf(value), message.tool_calls);
      case 'tool-call-delta':
        return this.#readInput(indexOf(value), message.tool_calls);
      case 'citation-start':
        return this.#readCitation(message.citations);
      case 'message-end':
        return this.#readEnd(delta);
    }
    if (value.type === undefined && typeof value.message === 'string') return [{ type: 'error', code: 'error', message: value.message }];
    return []; // other kinds mean nothing to the answer
  }

  #readContent(index: number, content: unknown, logprobs: unknown): AnswerEvent[] {
    if (!isRecord(content)) return [];
    if (typeof content.thinking === 'string' && content.thinking !== '') {
      return [{ type: 'reasoning', part: this.#part(`${index}:thinking`), text: content.thinking }];
    }
    if (typeof content.text !== 'string' || content.text === '') return [];
    const part = this.#part(`${index}:text`);
    this.#lastText = part;
    const probabilities = readCohereLogprobs(logprobs);
    return [{ type: 'text', part, text: content.text, ...(probabilities === undefined ? {} : { logprobs: probabilities }) }];
  }

  /** Some versions number no calls: each start is a call of its own, and what follows belongs to the last. */
  #openCall(index: number, value: unknown): AnswerEvent[] {
    const call = firstOf(value);
    if (!isRecord(call) || !isRecord(call.function)) return [];
    const part = this.#part(`${this.#parts.size}:call`);
    this.#calls.set(index, { part, input: new NullArguments() });
    const { name } = call.function;
    return [
      { type: 'tool-call', part, id: typeof call.id === 'string' ? call.id : '', name: typeof name === 'string' ? name : '' },
      ...this.#readInput(index, call),
    ];
  }

  #readInput(index: number, value: unknown): AnswerEvent[] {
    const call = firstOf(value);
    const open = this.#calls.get(index);
    const piece = isRecord(call) && isRecord(call.function) ? call.function.arguments : undefined;
    if (open === undefined || typeof piece !== 'string') return [];
    const text = open.input.push(piece);
    return text === '' ? [] : [{ type: 'tool-input', part: open.part, text }];
  }

  #readCitation(value: unknown): AnswerEvent[] {
    const citation = firstOf(value);
    const annotation = readCohereCitation(citation);
    const at = isRecord(citation) && typeof citation.content_index === 'number' ? `${citation.content_index}:text` : '';
    const part = this.#parts.get(at) ?? this.#lastText;
    return annotation === undefined || part === undefined ? [] : [{ type: 'annotation', part, annotation }];
  }

  #readEnd(delta: JsonObject): AnswerEvent[] {
    const usage = readCohereUsage(delta.usage);
    if (usage !== undefined) this.#usage = usage;
    const used: AnswerEvent[] = usage === undefined ? [] : [{ type: 'usage', usage }];
    const finish = readCohereFinish(delta.finish_reason);
    if (finish === undefined) {
      const message = typeof delta.error === 'string' ? delta.error : 'The provider failed while it wrote its answer.';
      return [{ type: 'error', code: String(delta.finish_reason), message }];
    }
    this.#complete = true;
    return [...used, { type: 'finish', finish }];
  }

  #part(key: string): number {
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    if (this.#parts.size >= maxParts)
      throw new SluiceError('provider_error', `The provider sent more than ${maxParts} parts of an answer.`);
    const part = this.#parts.size;
    this.#parts.set(key, part);
    return part;
  }
}

function indexOf(value: JsonObject): number {
  return typeof value.index === 'number' ? value.index : 0;
}

/** Cohere writes one of a kind in some versions and a list of one in others. */
function firstOf(value: unknown): unknown {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list[0];
}
