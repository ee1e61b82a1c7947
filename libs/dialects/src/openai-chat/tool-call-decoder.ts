import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerEvent } from '../neutral/answer-event.ts';
import { callIdOf } from './call-id.ts';
import { optional, textOf } from './optional.ts';
import { readCallSignature } from './reasoning-details.ts';
import { inputText, nameOf, ToolCallPieces } from './tool-call-pieces.ts';

/** Input kept for a call without a name; a provider that sends more of it before the name is not understood. */
const maxEarlyLength = 1_048_576;

interface Call {
  part: number | undefined;
  id: string | undefined;
  /** What came before the name. */
  early: string;
}

/** Turns the pieces of a stream's calls into events. A call is told of once its name is known. */
export class ToolCallDecoder {
  readonly #nextPart: () => number;
  readonly #pieces = new ToolCallPieces();
  readonly #calls: Call[] = [];

  /** @param nextPart gives the number of a new part of the answer */
  constructor(nextPart: () => number) {
    this.#nextPart = nextPart;
  }

  /** Some call was begun. */
  get any(): boolean {
    return this.#calls.some((call) => call.part !== undefined);
  }

  /** True where the delta has anything of a call. */
  take(delta: JsonObject, answerId: string, events: AnswerEvent[]): boolean {
    let taken = false;
    for (const piece of asArray(delta.tool_calls)) {
      if (!isObject(piece)) continue;
      taken = true;
      this.#takePiece(piece, answerId, events);
    }
    if (!isObject(delta.function_call)) return taken;
    // The older form has one call and no id.
    this.#takePiece({ index: 0, function: delta.function_call }, answerId, events);
    return true;
  }

  /** A call that never got a name is no call; text of it has nowhere to go. */
  end(answerId: string, events: AnswerEvent[]): void {
    for (const [place, call] of this.#calls.entries()) {
      if (call.part === undefined && call.id !== undefined) this.#begin(call, place, '', {}, answerId, events);
    }
  }

  #takePiece(piece: JsonObject, answerId: string, events: AnswerEvent[]): void {
    const place = this.#pieces.place(piece);
    if (place === undefined) return;
    const call = (this.#calls[place] ??= { part: undefined, id: undefined, early: '' });
    call.id ??= textOf(piece.id);
    const input = inputText(piece);
    if (call.part === undefined) {
      const name = nameOf(piece);
      if (call.early.length < maxEarlyLength) call.early += input;
      if (name !== undefined) this.#begin(call, place, name, piece, answerId, events);
    } else if (input !== '') events.push({ type: 'tool-input', part: call.part, text: input });
  }

  #begin(call: Call, place: number, name: string, piece: JsonObject, answerId: string, events: AnswerEvent[]): void {
    const part = this.#nextPart();
    call.part = part;
    const custom = isObject(piece.custom) ? true : undefined;
    const id = call.id ?? callIdOf(answerId, place);
    events.push({ type: 'tool-call', part, id, name, ...optional('custom', custom), ...optional('signature', readCallSignature(piece)) });
    if (call.early !== '') events.push({ type: 'tool-input', part, text: call.early });
    call.early = '';
  }
}
