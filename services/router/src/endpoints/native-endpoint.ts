import { type Dialect, type Envelope, isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import { readFinishReason, readUsage, rewriteBody, type SseEvent } from '@sluice/dialects';
import type { Wire } from '../providers/provider-adapter.ts';
import { ChunkObserver } from './chunk-observer.ts';
import { DecoderObserver } from './decoder-observer.ts';
import { type EncodedRequest, type Endpoint, foreignAnswer, type PlainReading, type StreamPiece, type StreamReading } from './endpoint.ts';
import { type EventFrames, openFrames } from './event-frames.ts';

/** The wire speaks the client's dialect: bytes pass, but for the model's name and the request for usage. */
export function nativeEndpoint(dialect: Dialect, wire: Wire, basePath: string, model: string): Endpoint {
  const chunks = dialect === 'openai-chat' || dialect === 'openai-completions';
  return {
    wire,
    path: basePath + wire.path(model, false),
    streamPath: basePath + wire.path(model, true),
    encode(body: Uint8Array, envelope: Envelope): EncodedRequest {
      // Streams of chat say what they used only when asked, so the router asks, and hides the answer again.
      const asks = chunks && envelope.stream;
      const stripUsage = asks && !asksForUsage(body);
      const bytes = rewriteBody(body, asks ? { model, includeUsage: true } : { model });
      return {
        bytes: wire.adaptBytes?.(bytes) ?? bytes,
        dropped: [],
        readAnswer: (answer) => readNative(dialect, answer),
        openStream: () => new NativeReading(openFrames(wire), observerOf(dialect, wire, stripUsage)),
      };
    },
  };
}

interface Observer {
  read(event: SseEvent): StreamPiece['kind'];
  readonly usage: TokenUsage | undefined;
  readonly finishReason: string | undefined;
  readonly contentEvents: number;
  readonly complete: boolean;
  readonly foreign: boolean;
}

function observerOf(dialect: Dialect, wire: Wire, stripUsage: boolean): Observer {
  if (wire.codec === undefined || dialect === 'openai-chat') return new ChunkObserver(dialect, stripUsage);
  const observer = new DecoderObserver(wire.codec.createStreamDecoder());
  return {
    read: (event) => (event.data === '' ? 'preamble' : observer.read(event).kind),
    get usage() {
      return observer.usage;
    },
    get finishReason() {
      return observer.finishReason;
    },
    get contentEvents() {
      return observer.contentEvents;
    },
    get complete() {
      return observer.complete;
    },
    get foreign() {
      return observer.foreign;
    },
  };
}

class NativeReading implements StreamReading {
  readonly #frames: EventFrames;
  readonly #observer: Observer;

  constructor(frames: EventFrames, observer: Observer) {
    this.#frames = frames;
    this.#observer = observer;
  }

  get usage(): TokenUsage | undefined {
    return this.#observer.usage;
  }

  get finishReason(): string | undefined {
    return this.#observer.finishReason;
  }

  get contentEvents(): number {
    return this.#observer.contentEvents;
  }

  get complete(): boolean {
    return this.#observer.complete;
  }

  get foreign(): boolean {
    return this.#observer.foreign;
  }

  push(bytes: Buffer): StreamPiece[] {
    return this.#read(this.#frames.push(bytes));
  }

  end(): StreamPiece[] {
    return this.#read(this.#frames.end());
  }

  #read(events: readonly SseEvent[]): StreamPiece[] {
    return events.map((event) => ({ kind: this.#observer.read(event), bytes: event.raw }));
  }
}

function readNative(dialect: Dialect, body: Buffer): PlainReading {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString());
  } catch (cause) {
    throw new SluiceError('provider_error', 'The provider sent an answer that is not JSON.', {}, cause);
  }
  if (!isRecord(answer)) throw new SluiceError('provider_error', 'The provider sent an answer that is not a JSON object.');
  const reading = { body, usage: readUsage(dialect, answer), finishReason: readFinishReason(dialect, answer) };
  // Some servers answer 200 and put the error into the body.
  if (isRecord(answer.error)) return { ...reading, error: 'error_answer' };
  return isOf(dialect, answer) ? reading : { ...reading, error: foreignAnswer };
}

/** Member that every answer of a dialect has. */
const answerMember: Readonly<Record<Dialect, string>> = {
  'openai-chat': 'choices',
  'openai-completions': 'choices',
  'openai-responses': 'output',
  'openai-embeddings': 'data',
  'anthropic-messages': 'content',
  'anthropic-count-tokens': 'input_tokens',
};

function isOf(dialect: Dialect, answer: Record<string, unknown>): boolean {
  return answerMember[dialect] in answer;
}

function asksForUsage(body: Uint8Array): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Absent from most bodies: the parse is for those that name it.
  if (!bytes.includes('"include_usage"')) return false;
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    const options = isRecord(parsed) ? parsed.stream_options : undefined;
    return isRecord(options) && options.include_usage === true;
  } catch {
    return false;
  }
}
