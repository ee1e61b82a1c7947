import { isObject, parseJson, type JsonObject } from '../json-value.ts';
import { textOf } from './optional.ts';

/** OpenAI's limit on tools of a request; no answer calls more at once. */
const maxToolCalls = 128;
/** Arguments kept to tell whether a call is whole; beyond, a piece of another id under the same index goes on with the call. */
const maxKeptLength = 1_048_576;

interface Call {
  index: number | undefined;
  id: string | undefined;
  input: string;
}

/**
 * Tells to which call of a streamed answer a piece belongs. OpenAI numbers the calls by `index` from 0; others begin at 1
 * (behind a text block), repeat the id and the name in each piece, leave `index` out, or give all calls the index 0.
 */
export class ToolCallPieces {
  readonly #calls: Call[] = [];

  /** The call's place in the order in which they began; undefined beyond the bound, where the piece must be given up. */
  place(piece: JsonObject): number | undefined {
    const found = this.#find(piece);
    const call = this.#calls[found];
    if (call !== undefined) {
      call.id ??= textOf(piece.id);
      if (call.input.length < maxKeptLength) call.input += keptText(piece);
      return found;
    }
    const index = indexOf(piece);
    if (this.#calls.length >= maxToolCalls || (index !== undefined && index >= maxToolCalls)) return undefined;
    this.#calls.push({ index, id: textOf(piece.id), input: keptText(piece) });
    return found;
  }

  #find(piece: JsonObject): number {
    const index = indexOf(piece);
    const id = textOf(piece.id);
    const named = nameOf(piece) !== undefined;
    const count = this.#calls.length;
    if (index === undefined) {
      if (id !== undefined)
        return orNext(
          this.#calls.findIndex((call) => call.id === id),
          count,
        );
      return named || count === 0 ? count : count - 1;
    }
    const last = this.#calls.findLastIndex((call) => call.index === index);
    const call = this.#calls[last];
    if (call === undefined) return count;
    const another = id !== undefined && call.id !== undefined && id !== call.id;
    return another && named && isWhole(call.input)
      ? orNext(
          this.#calls.findIndex((other) => other.id === id),
          count,
        )
      : last;
  }
}

/** Arguments of a call or of a piece of one as text; some vendors send the object itself. Throws where it nests too deep to be printed. */
export function inputText(call: JsonObject): string {
  const input = inputOf(call);
  if (typeof input === 'string') return input;
  return input === undefined || input === null ? '' : JSON.stringify(input);
}

/** Enough of the input to tell whether it is whole: an object always is. */
function keptText(call: JsonObject): string {
  const input = inputOf(call);
  if (typeof input === 'string') return input;
  return input === undefined || input === null ? '' : '{}';
}

function inputOf(call: JsonObject): unknown {
  if (isObject(call.custom)) return call.custom.input;
  return isObject(call.function) ? call.function.arguments : undefined;
}

export function nameOf(call: JsonObject): string | undefined {
  const inner = isObject(call.custom) ? call.custom : call.function;
  return isObject(inner) ? textOf(inner.name) : undefined;
}

function indexOf(piece: JsonObject): number | undefined {
  const { index } = piece;
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : undefined;
}

function orNext(found: number, count: number): number {
  return found === -1 ? count : found;
}

function isWhole(input: string): boolean {
  return input === '' || parseJson(input) !== undefined;
}
