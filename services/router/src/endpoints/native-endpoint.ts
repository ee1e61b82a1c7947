import { type Dialect, type Envelope, isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import {
  createStreamCloser,
  dropForeignProofs,
  readFinishReason,
  readUsage,
  rewriteBody,
  type SseEvent,
  type StreamCloser,
} from '@sluice/dialects';
import type { Wire } from '../providers/provider-adapter.ts';
import { ChunkObserver } from './chunk-observer.ts';
import { DecoderObserver } from './decoder-observer.ts';
import {
  type EncodedRequest,
  type Endpoint,
  type FollowedReading,
  foreignAnswer,
  type PieceKind,
  type PlainReading,
  type StreamPiece,
  unsaid,
} from './endpoint.ts';
import { type EventFrames, openFrames } from './event-frames.ts';
import { OutputMeter } from '../reservation/output-meter.ts';
import { ObservedReading, type StreamFacts } from './observed-reading.ts';

/** The wire speaks the client's dialect: bytes pass, but for the model's name, the request for usage and proofs of other providers. */
export function nativeEndpoint(dialect: Dialect, wire: Wire, basePath: string, model: string): Endpoint {
  const chunks = dialect === 'openai-chat' || dialect === 'openai-completions';
  return {
    wire,
    path: basePath + wire.path(model, false),
    streamPath: basePath + wire.path(model, true),
    encode(body: Uint8Array, envelope: Envelope): EncodedRequest {
      // Streams of chat say what they used only when asked, so the router asks, and hides the answer again.
      const asks = chunks && envelope.stream;
      const includeUsage = asks && asksForUsage(body);
      const stripUsage = asks && !includeUsage;
      const bytes = rewriteBody(dropForeignProofs(dialect, body), asks ? { model, includeUsage: true } : { model });
      return {
        bytes: wire.adaptBytes?.(bytes) ?? bytes,
        dropped: [],
        readAnswer: (answer) => readNative(dialect, answer),
        openStream: () => new NativeReading(observe(dialect, wire, stripUsage), openFrames(wire)),
        openFollowedStream() {
          const closer = createStreamCloser(dialect, includeUsage);
          if (closer === undefined) throw new SluiceError('unsupported_feature', `${dialect} is not streamed.`, { param: 'stream' });
          return new FollowedNativeReading(observe(dialect, wire, stripUsage), openFrames(wire), closer);
        },
      };
    },
  };
}

interface Observer {
  readonly facts: StreamFacts;
  readonly kindOf: (event: SseEvent) => PieceKind;
  /** At the end of the stream: some formats tell only by it how the answer ended. */
  readonly end: () => void;
}

function observe(dialect: Dialect, wire: Wire, stripUsage: boolean): Observer {
  if (wire.codec === undefined || dialect === 'openai-chat') {
    const chunks = new ChunkObserver(dialect, stripUsage);
    return { facts: chunks, kindOf: (event) => chunks.read(event), end: () => undefined };
  }
  const decoded = new DecoderObserver(wire.codec.createStreamDecoder());
  // Comments and keep-alives mean nothing to a decoder, but they pass.
  return { facts: decoded, kindOf: (event) => (event.data === '' ? 'preamble' : decoded.read(event).kind), end: () => decoded.end() };
}

class NativeReading extends ObservedReading {
  readonly #frames: EventFrames;
  readonly #observer: Observer;

  constructor(observer: Observer, frames: EventFrames) {
    super(observer.facts);
    this.#frames = frames;
    this.#observer = observer;
  }

  push(bytes: Buffer): Iterable<StreamPiece> {
    return this.read(this.#frames.push(bytes));
  }

  *end(): Iterable<StreamPiece> {
    yield* this.read(this.#frames.end());
    this.#observer.end();
  }

  protected read(events: readonly SseEvent[]): Iterable<StreamPiece> {
    return events.map((event) => this.pieceOf(event));
  }

  protected pieceOf(event: SseEvent): StreamPiece {
    return { kind: this.#observer.kindOf(event), bytes: event.raw };
  }
}

class FollowedNativeReading extends NativeReading implements FollowedReading {
  readonly meter = new OutputMeter();
  readonly #closer: StreamCloser;

  constructor(observer: Observer, frames: EventFrames, closer: StreamCloser) {
    super(observer, frames);
    this.#closer = closer;
  }

  get isEnding(): boolean {
    return this.#closer.ended;
  }

  close(usage: TokenUsage): Uint8Array {
    return this.#closer.close(usage);
  }

  protected override *read(events: readonly SseEvent[]): Iterable<StreamPiece> {
    for (const event of events) {
      const piece = this.pieceOf(event);
      const written = this.#closer.read(event);
      this.meter.add(written);
      this.meter.heard(this.usage);
      if (written > 0) yield unsaid;
      this.#closer.pass();
      yield piece;
    }
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
