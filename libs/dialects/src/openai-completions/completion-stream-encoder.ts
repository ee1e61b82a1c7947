import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { errorEvent } from '../error-body.ts';
import { encodeEvent } from '../event-restorer.ts';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { AnswerContext, StreamEncoder } from '../neutral/codec.ts';
import type { Finish } from '../neutral/model-answer.ts';
import { wantsStreamUsage } from '../openai-chat/decode-options.ts';
import { modelOf } from '../openai-chat/optional.ts';
import { writeUsage } from '../openai-chat/write-usage.ts';
import { completionWord } from './encode-completion.ts';

const empty = new Uint8Array(0);

/** Writes one answer as `text_completion` events. */
export class CompletionStreamEncoder implements StreamEncoder {
  readonly #context: AnswerContext;
  readonly #wantsUsage: boolean;
  #head: JsonObject;
  #usage: TokenUsage | undefined;
  #finish: Finish = { reason: 'stop' };
  #failed = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#wantsUsage = wantsStreamUsage(context.body);
    this.#head = this.#makeHead('', '', undefined);
  }

  push(event: AnswerEvent): Uint8Array {
    if (this.#failed) return empty;
    switch (event.type) {
      case 'start':
        this.#head = this.#makeHead(event.id, event.model, event.createdSeconds);
        return empty;
      case 'text':
      case 'refusal':
        return event.text === '' ? empty : this.#encode(event.text, null);
      case 'usage':
        this.#usage = event.usage;
        return empty;
      case 'finish':
        this.#finish = event.finish;
        return empty;
      case 'error':
        this.#failed = true;
        return errorEvent('openai-completions', new SluiceError('provider_error', event.message), this.#context.requestId);
      default:
        return empty;
    }
  }

  end(): Uint8Array {
    if (this.#failed) return empty;
    const events = [this.#encode('', completionWord(this.#finish))];
    if (this.#wantsUsage && this.#usage !== undefined) {
      events.push(encodeEvent({ ...this.#head, choices: [], usage: writeUsage(this.#usage) }));
    }
    return Buffer.concat([...events, Buffer.from('data: [DONE]\n\n')]);
  }

  #makeHead(id: string, model: string, createdSeconds: number | undefined): JsonObject {
    return {
      id: id === '' ? `cmpl-${this.#context.requestId}` : id,
      object: 'text_completion',
      created: createdSeconds ?? this.#context.createdSeconds,
      model: modelOf(model, this.#context.body),
    };
  }

  #encode(text: string, finishReason: string | null): Uint8Array {
    const choice = { text, index: 0, logprobs: null, finish_reason: finishReason };
    return encodeEvent({ ...this.#head, choices: [choice], ...(this.#wantsUsage ? { usage: null } : {}) });
  }
}
