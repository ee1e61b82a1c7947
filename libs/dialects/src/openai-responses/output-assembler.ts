import { SluiceError } from '@sluice/contracts';
import type { JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import type { EmitEvent } from './event-writer.ts';
import { emitItem } from './item-events.ts';
import { CallWriter, MessageWriter, ReasoningWriter, type ItemPlace, type ItemStatus, type ItemWriter } from './item-writers.ts';
import { encodeLogprobs } from './response-object.ts';

/** Characters of one answer: its texts are said again at their end, so they are kept until then. */
const maxAnswerCharacters = 33_554_432;

/** What stands for a refusal of which the provider gave no words. */
const wordlessRefusal = 'The model declined to answer.';

type ContentEvent = Exclude<AnswerEvent, { type: 'start' | 'usage' | 'finish' | 'error' }>;

/**
 * Makes items of an output from the parts of an answer. A message or thought ends where another item begins; calls stay
 * open to the end, for some providers write several of them at once.
 */
export class OutputAssembler {
  readonly #emit: EmitEvent;
  readonly #idBase: string;
  readonly #items: (JsonObject | undefined)[] = [];
  readonly #open = new Set<ItemWriter>();
  readonly #writers = new Map<number, ItemWriter>();
  #refused = false;
  #characters = 0;

  constructor(idBase: string, emit: EmitEvent) {
    this.#idBase = idBase;
    this.#emit = emit;
  }

  /** @throws SluiceError `provider_error` where the answer grows over its bound */
  push(event: ContentEvent): void {
    if ('text' in event) this.#count(event.text);
    switch (event.type) {
      case 'text':
        if (event.text !== '') this.#message().text(event.part, event.text, encodeLogprobs(event.logprobs));
        return;
      case 'refusal':
        this.#refused = true;
        if (event.text !== '') this.#message().refusal(event.part, event.text);
        return;
      case 'annotation':
        this.#message().annotation(event.part, event.annotation);
        return;
      case 'reasoning':
        if (event.text !== '') this.#thought(event.part, event.id).text(event.text);
        return;
      case 'signature':
        this.#thought(event.part, event.id).sign(event.signature, event.sealed === true ? 'sealed' : 'open');
        return;
      case 'tool-call':
        this.#call(event);
        return;
      case 'tool-input': {
        const writer = this.#writers.get(event.part);
        if (writer instanceof CallWriter && event.text !== '') writer.input(event.text);
        return;
      }
      case 'native':
        if (event.wire === 'openai-responses') this.#whole(event.value);
    }
  }

  /** Ends what is open and gives all items. @param refused the model declined, with or without a word */
  finish(status: ItemStatus, refused: boolean): JsonObject[] {
    if (refused && !this.#refused) this.#message().refusal(Number.MAX_SAFE_INTEGER, wordlessRefusal);
    for (const writer of this.#open) this.#items[writer.index] = writer.close(status);
    this.#open.clear();
    return this.#items.filter((item) => item !== undefined);
  }

  #message(): MessageWriter {
    for (const writer of this.#open) if (writer instanceof MessageWriter) return writer;
    this.#closeTexts();
    return this.#add(new MessageWriter(this.#place('msg')));
  }

  #thought(part: number, id: string | undefined): ReasoningWriter {
    const present = this.#writers.get(part);
    if (present instanceof ReasoningWriter && this.#open.has(present)) return present;
    this.#closeTexts();
    const writer = this.#add(new ReasoningWriter(this.#place('rs', present === undefined ? id : undefined)));
    this.#writers.set(part, writer);
    return writer;
  }

  #call(event: Extract<AnswerEvent, { type: 'tool-call' }>): void {
    this.#closeTexts();
    if (event.signature !== undefined) {
      const carrier = this.#add(new ReasoningWriter(this.#place('rs')));
      carrier.sign(event.signature, 'call');
      this.#closeTexts();
    }
    const custom = event.custom === true;
    this.#writers.set(event.part, this.#add(new CallWriter(this.#place(custom ? 'ctc' : 'fc'), event.id, event.name, custom)));
  }

  #whole(item: JsonObject): void {
    this.#closeTexts();
    emitItem(item, this.#items.length, this.#emit);
    this.#items.push(item);
  }

  #closeTexts(): void {
    for (const writer of this.#open) {
      if (writer instanceof CallWriter) continue;
      this.#open.delete(writer);
      this.#items[writer.index] = writer.close('completed');
    }
  }

  #add<Writer extends ItemWriter>(writer: Writer): Writer {
    this.#open.add(writer);
    this.#items.push(undefined);
    return writer;
  }

  #place(prefix: string, id?: string): ItemPlace {
    const index = this.#items.length;
    return { index, id: id ?? `${prefix}_${this.#idBase}_${index}`, emit: this.#emit };
  }

  #count(text: string): void {
    this.#characters += text.length;
    if (this.#characters <= maxAnswerCharacters) return;
    throw new SluiceError('provider_error', `The provider sent an answer of more than ${maxAnswerCharacters} characters.`);
  }
}
