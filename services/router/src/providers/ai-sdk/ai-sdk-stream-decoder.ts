import { isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, JsonObject, SseEvent, StreamDecoder } from '@sluice/dialects';
import { readIdentity, readInput, readSource } from './decode-ai-sdk-answer.ts';
import { holdsThought, mergeMetadata, sealMetadata } from './provider-metadata.ts';
import { readAiSdkFinish } from './read-ai-sdk-finish.ts';
import { readAiSdkUsage } from './read-ai-sdk-usage.ts';

/** Most texts, thoughts and calls of one answer. */
const maxParts = 10_000;

interface OpenThought {
  readonly part: number;
  metadata: JsonObject;
  hasText: boolean;
}

/** Reads the parts of `doStream`, one in each event. */
export class AiSdkStreamDecoder implements StreamDecoder {
  readonly #texts = new Map<unknown, number>();
  readonly #thoughts = new Map<unknown, OpenThought>();
  /** Calls by their id: the part of each, and whether any of its input came. */
  readonly #calls = new Map<unknown, { readonly part: number; hasInput: boolean }>();
  #identity: ReturnType<typeof readIdentity> = { id: '', model: '' };
  #partCount = 0;
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
    const part = parse(event.data);
    const events = this.#read(part);
    if (this.#started || events.length === 0 || events[0]?.type === 'error') return events;
    // Who answers is told in a part of its own, which some packages send and others do not: the first content waits for no one.
    this.#started = true;
    return [{ type: 'start', ...this.#identity }, ...events];
  }

  end(): AnswerEvent[] {
    return [];
  }

  #read(part: JsonObject): AnswerEvent[] {
    switch (part.type) {
      case 'response-metadata':
        this.#identity = readIdentity(part);
        return [];
      case 'text-start':
        this.#texts.set(part.id, this.#open());
        return [];
      case 'text-delta':
        return this.#readText(part);
      case 'reasoning-start':
      case 'reasoning-delta':
        return this.#readThought(part);
      case 'reasoning-end':
        return [...this.#readThought(part), ...this.#closeThought(part.id)];
      case 'tool-input-start':
        return part.providerExecuted === true ? [] : this.#openCall(part.id, part);
      case 'tool-input-delta':
        return this.#readToolInput(part.id, part.delta);
      case 'tool-call':
        return this.#readToolCall(part);
      case 'source':
        if (this.#lastText === undefined) return [];
        return [{ type: 'annotation', part: this.#lastText, annotation: readSource(part) }];
      case 'file':
      case 'tool-result':
      case 'custom':
        return [{ type: 'native', part: this.#open(), wire: 'ai-sdk', value: part }];
      case 'finish':
        return this.#readFinish(part);
      case 'error':
        return [readError(part.error)];
    }
    return []; // stream-start, ping, the ends of texts and inputs, and what is younger than this code
  }

  #readText({ id, delta }: JsonObject): AnswerEvent[] {
    if (typeof delta !== 'string' || delta === '') return [];
    const part = this.#texts.get(id) ?? this.#open();
    this.#texts.set(id, part);
    this.#lastText = part;
    return [{ type: 'text', part, text: delta }];
  }

  #readThought({ type, id, delta, providerMetadata }: JsonObject): AnswerEvent[] {
    const known = type === 'reasoning-start' ? undefined : this.#thoughts.get(id);
    if (known === undefined && type === 'reasoning-end') return [];
    const thought = known ?? { part: this.#open(), metadata: {}, hasText: false };
    this.#thoughts.set(id, thought);
    thought.metadata = mergeMetadata(thought.metadata, providerMetadata);
    if (typeof delta !== 'string' || delta === '') return [];
    thought.hasText = true;
    return [{ type: 'reasoning', part: thought.part, text: delta }];
  }

  #closeThought(id: unknown): AnswerEvent[] {
    const thought = this.#thoughts.get(id);
    this.#thoughts.delete(id);
    const signature = sealMetadata(thought?.metadata);
    if (thought === undefined || signature === undefined) return [];
    const sealed = !thought.hasText && holdsThought(thought.metadata) ? { sealed: true } : {};
    return [{ type: 'signature', part: thought.part, signature, ...sealed }];
  }

  #openCall(id: unknown, { toolName, providerMetadata }: JsonObject): AnswerEvent[] {
    const part = this.#open();
    this.#calls.set(id, { part, hasInput: false });
    const signature = sealMetadata(providerMetadata);
    return [
      {
        type: 'tool-call',
        part,
        id: typeof id === 'string' ? id : '',
        name: typeof toolName === 'string' ? toolName : '',
        ...(signature === undefined ? {} : { signature }),
      },
    ];
  }

  #readToolInput(id: unknown, text: unknown): AnswerEvent[] {
    const call = this.#calls.get(id);
    if (call === undefined || typeof text !== 'string' || text === '') return [];
    call.hasInput = true;
    return [{ type: 'tool-input', part: call.part, text }];
  }

  /** The whole call; its input is told again where pieces of it came before. */
  #readToolCall(part: JsonObject): AnswerEvent[] {
    if (part.providerExecuted === true) return [{ type: 'native', part: this.#open(), wire: 'ai-sdk', value: part }];
    const opened = this.#calls.has(part.toolCallId) ? [] : this.#openCall(part.toolCallId, part);
    const told = this.#calls.get(part.toolCallId)?.hasInput === true;
    return told ? opened : [...opened, ...this.#readToolInput(part.toolCallId, readInput(part.input))];
  }

  #readFinish(part: JsonObject): AnswerEvent[] {
    const events = [...this.#thoughts.keys()].flatMap((id) => this.#closeThought(id));
    this.#usage = readAiSdkUsage(part.usage) ?? this.#usage;
    if (this.#usage !== undefined) events.push({ type: 'usage', usage: this.#usage });
    const finish = readAiSdkFinish(part.finishReason, this.#calls.size > 0);
    if (finish === undefined) return [readError('The provider failed while it wrote its answer.')];
    this.#complete = true;
    return [...events, { type: 'finish', finish }];
  }

  #open(): number {
    if (this.#partCount >= maxParts) throw new SluiceError('provider_error', `The provider sent more than ${maxParts} parts of an answer.`);
    return this.#partCount++;
  }
}

function readError(error: unknown): AnswerEvent {
  const { message, code } = isRecord(error) ? error : { message: error };
  return { type: 'error', code: typeof code === 'string' ? code : 'error', message: typeof message === 'string' ? message : '' };
}

function parse(text: string): JsonObject {
  const value: unknown = JSON.parse(text); // the transport wrote it
  if (isRecord(value)) return value;
  throw new SluiceError('provider_error', 'The provider package gave a stream part that is not an object.');
}
