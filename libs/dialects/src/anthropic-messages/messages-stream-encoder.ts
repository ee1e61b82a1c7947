import { SluiceError, type TokenUsage } from '@sluice/contracts';
import { encodeEvent } from '../event-restorer.ts';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { AnswerContext, StreamEncoder } from '../neutral/codec.ts';
import type { Finish } from '../neutral/model-answer.ts';
import { encodeFinish, messageHead, thoughtOfCall } from './encode-answer.ts';
import { encodeUsage } from './encode-usage.ts';
import { OpenBlock, type PartEvent } from './open-block.ts';

/** Most that is held back of parts whose turn has not come, in characters. */
const maxHeldCharacters = 8_388_608;

/**
 * Writes a stream of Anthropic's. Its blocks come strictly one after another, while other providers write several tool
 * calls at once: what belongs to a later part waits until the block under way is over.
 */
export class MessagesStreamEncoder implements StreamEncoder {
  readonly #context: AnswerContext;
  #start: Extract<AnswerEvent, { type: 'start' }> | undefined;
  #started = false;
  #usage: TokenUsage | undefined;
  #finish: Finish = { reason: 'stop' };
  #refusal = '';
  /** Parts of the last call and of the last text: text after a call ends the answer. */
  #lastCall = -1;
  #lastText = -1;
  #index = 0;
  #block: OpenBlock | undefined;
  /** Events of parts whose turn has not come, in the order in which the parts began. */
  #waiting = new Map<number, PartEvent[]>();
  #heldCharacters = 0;
  #failed = false;
  #output: Uint8Array[] = [];

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: AnswerEvent): Uint8Array {
    switch (event.type) {
      case 'start':
        this.#start = event;
        break;
      case 'usage':
        this.#usage = event.usage;
        break;
      case 'finish':
        this.#finish = event.finish;
        break;
      case 'error':
        this.#failed = true;
        this.#write('error', { error: { type: event.code, message: event.message } });
        break;
      default:
        this.#begin();
        this.#add(event);
    }
    return this.#take();
  }

  end(): Uint8Array {
    if (this.#failed) return this.#take();
    this.#begin();
    this.#close();
    for (const [part, events] of this.#waiting) {
      this.#open(part, events);
      this.#close();
    }
    this.#waiting.clear();
    this.#write('message_delta', {
      delta: encodeFinish(this.#finish, this.#lastCall > this.#lastText, this.#refusal),
      usage: encodeUsage(this.#usage),
    });
    this.#write('message_stop', {});
    return this.#take();
  }

  /** Late, so that it can tell what the provider said of usage at its start. */
  #begin(): void {
    if (this.#started) return;
    this.#started = true;
    const { id = '', model = '', serviceTier } = this.#start ?? {};
    const usage = { ...encodeUsage(this.#usage, serviceTier), output_tokens: this.#usage?.output ?? 0 };
    const head = messageHead(id, model, this.#context);
    this.#write('message_start', { message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage } });
  }

  #add(event: PartEvent): void {
    if (event.type === 'tool-call') this.#lastCall = Math.max(this.#lastCall, event.part);
    if (event.type === 'text' && event.text !== '') this.#lastText = Math.max(this.#lastText, event.part);
    if (event.type === 'refusal') this.#refusal += event.text;
    if (this.#block?.part === event.part) {
      this.#writeDeltas(this.#block.add(event));
      return;
    }
    if (this.#block === undefined || this.#block.mayEnd) this.#turnTo(event);
    else this.#hold(event);
  }

  /** The block under way is over: those that waited come first, and the event's own is the last that stays open. */
  #turnTo(event: PartEvent): void {
    this.#hold(event);
    for (const [part, events] of this.#waiting) {
      if (this.#block?.mayEnd === false) return;
      this.#close();
      this.#waiting.delete(part);
      this.#heldCharacters -= events.reduce((sum, each) => sum + sizeOf(each), 0);
      this.#open(part, events);
    }
  }

  #hold(event: PartEvent): void {
    const events = this.#waiting.get(event.part);
    if (events === undefined) this.#waiting.set(event.part, [event]);
    else events.push(event);
    this.#heldCharacters += sizeOf(event);
    if (this.#heldCharacters > maxHeldCharacters) {
      throw new SluiceError('provider_error', 'The provider wrote several tool calls at once that are too long to be put in order.');
    }
  }

  #open(part: number, events: readonly PartEvent[]): void {
    const [first] = events;
    if (first === undefined) return;
    const thought = thoughtOfCall(first);
    if (thought !== undefined) {
      this.#write('content_block_start', { index: this.#index, content_block: thought });
      this.#write('content_block_stop', { index: this.#index });
      this.#index += 1;
    }
    this.#block = OpenBlock.of(part, first);
    if (this.#block === undefined) return;
    this.#write('content_block_start', { index: this.#index, content_block: this.#block.start });
    for (const event of events) this.#writeDeltas(this.#block.add(event));
  }

  #close(): void {
    if (this.#block === undefined) return;
    this.#writeDeltas(this.#block.end());
    this.#write('content_block_stop', { index: this.#index });
    this.#index += 1;
    this.#block = undefined;
  }

  #writeDeltas(deltas: readonly JsonObject[]): void {
    for (const delta of deltas) this.#write('content_block_delta', { index: this.#index, delta });
  }

  #write(type: string, data: JsonObject): void {
    this.#output.push(encodeEvent({ type, ...data }, type));
  }

  #take(): Uint8Array {
    const output = this.#output;
    this.#output = [];
    return output.length === 1 && output[0] !== undefined ? output[0] : Buffer.concat(output);
  }
}

function sizeOf(event: PartEvent): number {
  return 'text' in event ? event.text.length : 1;
}
