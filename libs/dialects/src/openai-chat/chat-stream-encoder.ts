import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { errorEvent } from '../error-body.ts';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { AnswerContext, StreamEncoder } from '../neutral/codec.ts';
import type { Finish } from '../neutral/model-answer.ts';
import { writeAnnotation } from './annotations.ts';
import { hidesReasoning, isOlderForm, wantsStreamUsage } from './decode-options.ts';
import { clientWord } from './finish-reason.ts';
import { modelOf, optional } from './optional.ts';
import { writeCallSignature, writeReasoningDetails } from './reasoning-details.ts';
import { writeUsage } from './write-usage.ts';

/** Text of a thought kept until its proof comes, which names it again; a longer one is shown and cannot be taken back. */
const maxSignedLength = 1_048_576;

interface Call {
  readonly index: number;
  readonly custom: boolean;
  written: boolean;
}

/** Writes one answer as `chat.completion.chunk` events. */
export class ChatStreamEncoder implements StreamEncoder {
  readonly #context: AnswerContext;
  readonly #older: boolean;
  readonly #hidesReasoning: boolean;
  readonly #wantsUsage: boolean;
  #head: JsonObject;
  #events: string[] = [];
  #begun = false;
  #failed = false;
  #refused = false;
  #usage: TokenUsage | undefined;
  #finish: Finish | undefined;
  readonly #calls = new Map<number, Call>();
  readonly #thoughts = new Map<number, string>();
  /** Thoughts that have a name and, so far, no proof. */
  readonly #named = new Map<number, string>();
  /** Where the text of a part begins in the message's content. */
  readonly #offsets = new Map<number, number>();
  #contentLength = 0;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#older = isOlderForm(context.body);
    this.#hidesReasoning = hidesReasoning(context.body);
    this.#wantsUsage = wantsStreamUsage(context.body);
    this.#head = this.#makeHead('', '', undefined, undefined);
  }

  push(event: AnswerEvent): Uint8Array {
    if (!this.#failed) this.#take(event);
    return this.#flush();
  }

  end(): Uint8Array {
    if (this.#failed) return this.#flush();
    const finish = this.#finish ?? { reason: this.#calls.size > 0 ? 'tool-calls' : 'stop' };
    for (const call of this.#calls.values()) if (!call.written) this.#writeInput(call, call.custom ? '' : '{}');
    this.#writeNamed();
    const word = clientWord(finish, this.#refused);
    this.#write({}, word === 'tool_calls' && this.#older ? 'function_call' : word);
    if (this.#wantsUsage && this.#usage !== undefined) {
      this.#events.push(`data: ${JSON.stringify({ ...this.#head, choices: [], usage: writeUsage(this.#usage) })}\n\n`);
    }
    this.#events.push('data: [DONE]\n\n');
    return this.#flush();
  }

  #take(event: AnswerEvent): void {
    switch (event.type) {
      case 'start':
        this.#head = this.#makeHead(event.id, event.model, event.createdSeconds, event.serviceTier);
        return;
      case 'text':
        this.#takeText(event.part, event.text, event.logprobs);
        return;
      case 'annotation':
        this.#takeAnnotation(event.part, event.annotation);
        return;
      case 'refusal':
        this.#refused = true;
        this.#write({ refusal: event.text });
        return;
      case 'reasoning':
        if (event.id !== undefined) this.#named.set(event.part, event.id);
        this.#takeReasoning(event.part, event.text);
        return;
      case 'signature':
        this.#takeSignature(event);
        return;
      case 'tool-call':
        this.#takeCall(event);
        return;
      case 'tool-input': {
        const call = this.#calls.get(event.part);
        if (call !== undefined && event.text !== '') this.#writeInput(call, event.text);
        return;
      }
      case 'usage':
        this.#usage = event.usage;
        return;
      case 'finish':
        this.#finish = event.finish;
        return;
      case 'error':
        this.#fail(event.message);
        return;
      case 'native':
    }
  }

  #takeText(part: number, text: string, logprobs: unknown): void {
    if (!this.#offsets.has(part)) this.#offsets.set(part, this.#contentLength);
    this.#contentLength += text.length;
    if (text !== '' || logprobs !== undefined) this.#write({ content: text }, null, logprobs);
  }

  #takeAnnotation(part: number, annotation: Parameters<typeof writeAnnotation>[0]): void {
    const written = writeAnnotation(annotation, this.#offsets.get(part) ?? 0);
    if (written !== undefined) this.#write({ annotations: [written] });
  }

  #takeReasoning(part: number, text: string): void {
    if (this.#hidesReasoning || text === '') return;
    const kept = this.#thoughts.get(part) ?? '';
    if (kept.length <= maxSignedLength) this.#thoughts.set(part, kept + text);
    this.#write({ reasoning_content: text });
  }

  /** A proof comes with the whole thought that it is for, so that clients who only collect the items can send it back. */
  #takeSignature(event: Extract<AnswerEvent, { type: 'signature' }>): void {
    const text = this.#thoughts.get(event.part) ?? '';
    if (this.#hidesReasoning || text.length > maxSignedLength) return;
    const { signature, sealed } = event;
    const id = event.id ?? this.#named.get(event.part);
    this.#named.delete(event.part);
    const part = { type: 'reasoning', text, signature, ...optional('sealed', sealed), ...optional('id', id) } as const;
    this.#write({ reasoning_details: writeReasoningDetails(part) });
  }

  #writeNamed(): void {
    if (this.#hidesReasoning) return;
    for (const [part, id] of this.#named) {
      const text = this.#thoughts.get(part) ?? '';
      if (text.length <= maxSignedLength) this.#write({ reasoning_details: writeReasoningDetails({ type: 'reasoning', text, id }) });
    }
  }

  #takeCall(event: Extract<AnswerEvent, { type: 'tool-call' }>): void {
    const call: Call = { index: this.#calls.size, custom: event.custom === true, written: false };
    this.#calls.set(event.part, call);
    const { id, name, signature } = event;
    if (this.#older) {
      if (call.index === 0) this.#write({ function_call: { name, arguments: '' } });
      return;
    }
    const body = call.custom ? { type: 'custom', custom: { name, input: '' } } : { type: 'function', function: { name, arguments: '' } };
    const proof = signature === undefined ? {} : writeCallSignature(signature);
    this.#write({ tool_calls: [{ index: call.index, id, ...body, ...proof }] });
  }

  #writeInput(call: Call, text: string): void {
    call.written = true;
    if (this.#older) {
      if (call.index === 0) this.#write({ function_call: { arguments: text } });
      return;
    }
    const body = call.custom ? { custom: { input: text } } : { function: { arguments: text } };
    this.#write({ tool_calls: [{ index: call.index, ...body }] });
  }

  #fail(message: string): void {
    this.#failed = true;
    const error = new SluiceError('provider_error', message);
    this.#events.push(Buffer.from(errorEvent('openai-chat', error, this.#context.requestId)).toString());
  }

  #makeHead(id: string, model: string, createdSeconds: number | undefined, serviceTier: string | undefined): JsonObject {
    return {
      id: id === '' ? `chatcmpl-${this.#context.requestId}` : id,
      object: 'chat.completion.chunk',
      created: createdSeconds ?? this.#context.createdSeconds,
      model: modelOf(model, this.#context.body),
      ...optional('service_tier', serviceTier),
    };
  }

  #write(delta: JsonObject, finishReason: string | null = null, logprobs?: unknown): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#write({ role: 'assistant', content: 'content' in delta ? '' : null });
    }
    const choice = { index: 0, delta, logprobs: logprobs ?? null, finish_reason: finishReason };
    const chunk = { ...this.#head, choices: [choice], ...(this.#wantsUsage ? { usage: null } : {}) };
    this.#events.push(`data: ${JSON.stringify(chunk)}\n\n`);
  }

  #flush(): Uint8Array {
    if (this.#events.length === 0) return empty;
    const bytes = Buffer.from(this.#events.join(''));
    this.#events = [];
    return bytes;
  }
}

const empty = new Uint8Array(0);
