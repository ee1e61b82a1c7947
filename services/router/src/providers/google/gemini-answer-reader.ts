import { isRecord, type TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, Finish, JsonObject, Signature } from '@sluice/dialects';
import { finishOf, isFailedAnswer } from './gemini-finish.ts';
import { readLogprobs } from './gemini-logprobs.ts';
import { GeminiSources } from './gemini-sources.ts';
import { GeminiUsage } from './gemini-usage.ts';
import { objectAt, objectsAt, textAt } from './json-fields.ts';
import { PartialArguments } from './partial-arguments.ts';

/**
 * Reads the responses of one answer, the only one of a plain call or the many of a stream, to events. Plain answers are
 * read by the same way, so that both say the same.
 */
export class GeminiAnswerReader {
  readonly #newId: () => string;
  readonly #usage = new GeminiUsage();
  readonly #sources = new GeminiSources();
  #started = false;
  #id = '';
  #parts = 0;
  #calls = 0;
  /** Text or thought that goes on until something else begins. */
  #running: { readonly type: 'text' | 'reasoning'; readonly part: number } | undefined;
  /** A call whose arguments come in pieces. */
  #growing: { readonly part: number; readonly input: PartialArguments } | undefined;
  #native: string | undefined;
  #blocked: string | undefined;
  #answered = false;

  /** @param newId part of a call's id, where the answer itself has none */
  constructor(newId: () => string) {
    this.#newId = newId;
  }

  get usage(): TokenUsage | undefined {
    return this.#usage.usage;
  }

  /** The provider said how the answer ended. */
  get complete(): boolean {
    return this.#native !== undefined || this.#blocked !== undefined;
  }

  read(response: JsonObject): AnswerEvent[] {
    const events: AnswerEvent[] = [];
    this.#start(response, events);
    const blocked = textAt(objectAt(response, 'promptFeedback') ?? {}, 'blockReason');
    if (blocked !== undefined && !blocked.endsWith('_UNSPECIFIED')) this.#blocked = blocked;
    const candidate = objectsAt(response, 'candidates')[0];
    if (candidate !== undefined) this.#readCandidate(candidate, events);
    const metadata = objectAt(response, 'usageMetadata');
    if (metadata !== undefined && this.#usage.merge(metadata) && this.usage !== undefined)
      events.push({ type: 'usage', usage: this.usage });
    return events;
  }

  /** What is known only when all has come. `whole`: it is over, also where the provider never said how it ended. */
  end(whole = this.complete): AnswerEvent[] {
    const events: AnswerEvent[] = [];
    this.#endGrowing(events);
    if (!whole) return events;
    if (this.#blocked === undefined && this.#native !== undefined && isFailedAnswer(this.#native, this.#answered)) {
      return [...events, { type: 'error', code: this.#native, message: 'The model ended without an answer that its provider could read.' }];
    }
    return [...events, ...this.#sources.events(), { type: 'finish', finish: this.#finish() }];
  }

  #finish(): Finish {
    if (this.#blocked !== undefined) return { reason: 'content-filter', native: this.#blocked };
    return finishOf(this.#native ?? 'STOP', this.#calls > 0);
  }

  #start(response: JsonObject, events: AnswerEvent[]): void {
    if (this.#started) return;
    this.#started = true;
    this.#id = textAt(response, 'responseId') ?? '';
    const createdMs = Date.parse(textAt(response, 'createTime') ?? '');
    events.push({
      type: 'start',
      id: this.#id,
      model: textAt(response, 'modelVersion') ?? '',
      ...(Number.isNaN(createdMs) ? {} : { createdSeconds: Math.floor(createdMs / 1_000) }),
    });
  }

  #readCandidate(candidate: JsonObject, events: AnswerEvent[]): void {
    const logprobs = readLogprobs(candidate);
    let text: AnswerEvent | undefined;
    for (const part of objectsAt(objectAt(candidate, 'content') ?? {}, 'parts')) {
      const before = events.length;
      this.#readPart(part, events);
      text ??= events.slice(before).find((event) => event.type === 'text');
    }
    // Google tells them for the response and not for its parts.
    if (logprobs !== undefined && text?.type === 'text') events[events.indexOf(text)] = { ...text, logprobs };
    this.#sources.read(candidate);
    this.#native = textAt(candidate, 'finishReason') ?? this.#native;
  }

  #readPart(part: JsonObject, events: AnswerEvent[]): void {
    const text = textAt(part, 'text');
    const call = objectAt(part, 'functionCall');
    const signature = signatureOf(part);
    if (call !== undefined) this.#readCall(call, signature, events);
    else if (text === undefined) this.#readNative(part, events);
    else if (part.thought === true) this.#readThought(text, signature, events);
    else this.#readText(text, signature, events);
  }

  #readText(text: string, signature: Signature | undefined, events: AnswerEvent[]): void {
    if (text !== '') {
      const part = this.#continue('text', events);
      events.push({ type: 'text', part, text });
      this.#sources.wrote(part, text);
      this.#answered = true;
    }
    if (signature === undefined) return;
    // The thought behind a text is signed on the text itself, often on an empty one at the end. It becomes a part of its own.
    this.#running = undefined;
    events.push({ type: 'signature', part: this.#open(events), signature, sealed: true });
  }

  #readThought(text: string, signature: Signature | undefined, events: AnswerEvent[]): void {
    if (text === '' && signature === undefined) return;
    const part = this.#continue('reasoning', events);
    if (text !== '') events.push({ type: 'reasoning', part, text });
    if (signature === undefined) return;
    events.push({ type: 'signature', part, signature });
    this.#running = undefined;
  }

  #readNative(value: JsonObject, events: AnswerEvent[]): void {
    if (Object.keys(value).length === 0) return;
    this.#answered = true;
    events.push({ type: 'native', part: this.#open(events), wire: 'gemini', value });
  }

  #readCall(call: JsonObject, signature: Signature | undefined, events: AnswerEvent[]): void {
    const name = textAt(call, 'name');
    if (name === undefined) {
      this.#grow(call, events);
      return;
    }
    const part = this.#open(events);
    this.#answered = true;
    this.#calls += 1;
    const id = textAt(call, 'id') ?? this.#makeId();
    events.push({ type: 'tool-call', part, id, name, ...(signature === undefined ? {} : { signature }) });
    if (Array.isArray(call.partialArgs) || call.willContinue === true) {
      this.#growing = { part, input: new PartialArguments() };
      this.#grow(call, events);
    } else if (isRecord(call.args)) {
      events.push({ type: 'tool-input', part, text: JSON.stringify(call.args) });
    }
  }

  #grow(call: JsonObject, events: AnswerEvent[]): void {
    for (const piece of objectsAt(call, 'partialArgs')) this.#growing?.input.add(piece);
    if (call.willContinue !== true) this.#endGrowing(events);
  }

  #endGrowing(events: AnswerEvent[]): void {
    if (this.#growing === undefined) return;
    events.push({ type: 'tool-input', part: this.#growing.part, text: this.#growing.input.toString() });
    this.#growing = undefined;
  }

  #continue(type: 'text' | 'reasoning', events: AnswerEvent[]): number {
    if (this.#running?.type === type) return this.#running.part;
    const part = this.#open(events);
    this.#running = { type, part };
    return part;
  }

  /** Begins a part; whatever ran is over. */
  #open(events: AnswerEvent[]): number {
    this.#endGrowing(events);
    this.#running = undefined;
    return this.#parts++;
  }

  /** Unlike those of other answers in the conversation, and the same however often this answer is read. */
  #makeId(): string {
    if (this.#id === '') this.#id = this.#newId();
    return `call_${this.#id.replace(/[^A-Za-z0-9_-]/g, '').slice(0, 28)}_${this.#calls}`;
  }
}

function signatureOf(part: JsonObject): Signature | undefined {
  const value = textAt(part, 'thoughtSignature');
  return value === undefined || value === '' ? undefined : { wire: 'gemini', value };
}
