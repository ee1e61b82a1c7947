import type { TokenUsage } from '@sluice/contracts';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { AnswerContext, StreamEncoder } from '../neutral/codec.ts';
import type { Finish } from '../neutral/model-answer.ts';
import { EventWriter } from './event-writer.ts';
import { OutputAssembler } from './output-assembler.ts';
import { encodeUsage, idBase, responseObject, statusOf, type ResponseHead } from './response-object.ts';

const nothing = new Uint8Array(0);

/** Writes an answer as the stream of events that OpenAI's API sends, each text said in pieces and then whole. */
export class ResponsesStreamEncoder implements StreamEncoder {
  readonly #context: AnswerContext;
  readonly #writer = new EventWriter();
  readonly #output: OutputAssembler;
  #head: ResponseHead | undefined;
  #usage: TokenUsage | undefined;
  #finish: Finish = { reason: 'stop' };
  #failed = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#output = new OutputAssembler(idBase(context), this.#writer.emit);
  }

  push(event: AnswerEvent): Uint8Array {
    if (this.#failed) return nothing;
    switch (event.type) {
      case 'start':
        this.#start(event);
        break;
      case 'usage':
        this.#usage = event.usage;
        break;
      case 'finish':
        this.#finish = event.finish;
        break;
      case 'error':
        this.#fail(event.code, event.message);
        break;
      default:
        this.#start({ id: '', model: '' });
        this.#output.push(event);
    }
    return this.#writer.take();
  }

  end(): Uint8Array {
    if (this.#failed) return nothing;
    const head = this.#start({ id: '', model: '' });
    const end = statusOf(this.#finish);
    const output = this.#output.finish(end.status, this.#finish.reason === 'refusal');
    this.#writer.emit(`response.${end.status}`, { response: this.#response(head, { ...end, output, usage: encodeUsage(this.#usage) }) });
    return this.#writer.take();
  }

  /** Says the first two events once; what a later start adds is too late for them. */
  #start(head: ResponseHead): ResponseHead {
    if (this.#head !== undefined) return this.#head;
    this.#head = head;
    const response = this.#response(head, { status: 'in_progress', output: [], usage: null });
    this.#writer.emit('response.created', { response });
    this.#writer.emit('response.in_progress', { response });
    return head;
  }

  /** Both forms of an error's members: OpenAI nests them, its documentation and older clients do not. */
  #fail(code: string, message: string): void {
    const head = this.#start({ id: '', model: '' });
    this.#failed = true;
    this.#writer.emit('error', { code, message, param: null, error: { type: code, code, message, param: null } });
    const output = this.#output.finish('incomplete', false);
    this.#writer.emit('response.failed', {
      response: this.#response(head, { status: 'failed', error: { code, message }, output, usage: encodeUsage(this.#usage) }),
    });
  }

  #response(head: ResponseHead, rest: JsonObject): JsonObject {
    return responseObject(head, this.#context, rest);
  }
}
