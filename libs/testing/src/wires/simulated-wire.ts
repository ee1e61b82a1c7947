import type { SimulatedAnswer } from '../simulated-answer.ts';
import type { SimulatedRequest } from '../simulated-request.ts';

/** Facts that every form of an answer repeats. */
export interface WireHead {
  readonly created: number;
  readonly model: string;
}

/**
 * One format as a provider speaks it. Written by hand and without the gateway's codecs, so that each is a test of the other.
 */
export interface SimulatedWire {
  /** Reads a request, or says what is wrong with it in the words of a 400. */
  read(body: unknown): SimulatedRequest | string;
  plain(head: WireHead, answer: SimulatedAnswer, request: SimulatedRequest): string;
  /** Whole events, each with its blank line, the format's own end last. */
  stream(head: WireHead, answer: SimulatedAnswer, request: SimulatedRequest, chunkCharacters: number): string[];
  error(status: number, message: string, code?: string): string;
  /** An error inside a stream. */
  errorEvent(message: string): string;
  /** An event of the format whose JSON ends too soon. */
  readonly malformedEvent: string;
}

export type TypedData = Readonly<Record<string, unknown>> & { readonly type: string };

/** One server-sent event; the type stands in its JSON too. */
export function typedEvent(data: TypedData): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Cuts a text into pieces of so many characters, never inside one. */
export function pieces(text: string, size: number): string[] {
  const found: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + size, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end += 1;
    found.push(text.slice(start, end));
    start = end;
  }
  return found;
}
