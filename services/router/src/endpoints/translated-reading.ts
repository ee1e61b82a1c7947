import type { TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, SseEvent, StreamEncoder } from '@sluice/dialects';
import { OutputMeter } from '../reservation/output-meter.ts';
import type { DecoderObserver, ObservedEvent } from './decoder-observer.ts';
import { type FollowedReading, type PieceKind, type StreamPiece, unsaid } from './endpoint.ts';
import type { EventFrames } from './event-frames.ts';
import { ObservedReading } from './observed-reading.ts';

/** A stream in another format than the client's, translated event by event. */
export class TranslatedReading extends ObservedReading {
  readonly #frames: EventFrames;
  readonly #encoder: StreamEncoder;
  protected readonly observer: DecoderObserver;

  constructor(frames: EventFrames, observer: DecoderObserver, encoder: StreamEncoder) {
    super(observer);
    this.#frames = frames;
    this.#encoder = encoder;
    this.observer = observer;
  }

  push(bytes: Buffer): Iterable<StreamPiece> {
    return this.translate(this.#frames.push(bytes));
  }

  *end(): Iterable<StreamPiece> {
    yield* this.translate(this.#frames.end());
    yield this.encode(this.observer.end());
    // Without its end the stream is broken: the error event that follows is the only end it may have.
    if (this.observer.complete) yield pieceOf('content', this.#encoder.end());
  }

  protected translate(events: readonly SseEvent[]): Iterable<StreamPiece> {
    const pieces: StreamPiece[] = [];
    for (const event of events) {
      const read = this.read(event);
      if (read !== undefined) pieces.push(this.encode(read));
    }
    return pieces;
  }

  protected read(event: SseEvent): ObservedEvent | undefined {
    return event.data === '' ? undefined : this.observer.read(event); // keep-alives of the provider mean nothing to the client
  }

  protected encodeEnd(events: readonly AnswerEvent[]): Uint8Array {
    return Buffer.concat([...events.map((event) => this.#encoder.push(event)), this.#encoder.end()]);
  }

  protected encode({ kind, events }: ObservedEvent): StreamPiece {
    if (kind === 'error') return { kind, bytes: unsaid.bytes };
    const [event] = events;
    const bytes =
      events.length === 1 && event !== undefined
        ? this.#encoder.push(event)
        : Buffer.concat(events.map((each) => this.#encoder.push(each)));
    return pieceOf(kind, bytes);
  }
}

/** The same for a stream whose output is limited. */
export class FollowedTranslatedReading extends TranslatedReading implements FollowedReading {
  readonly meter = new OutputMeter();
  isEnding = false;

  close(usage: TokenUsage): Uint8Array {
    return this.encodeEnd([
      { type: 'usage', usage },
      { type: 'finish', finish: { reason: 'length' } },
    ]);
  }

  protected override *translate(events: readonly SseEvent[]): Iterable<StreamPiece> {
    for (const event of events) {
      const read = this.read(event);
      if (read === undefined) continue;
      const written = bytesOf(read.events);
      this.meter.add(written);
      this.meter.heard(this.usage);
      if (written > 0) yield unsaid;
      const piece = this.encode(read);
      this.isEnding = this.observer.complete;
      yield piece;
    }
  }
}

/** What says nothing to the client is no content. */
function pieceOf(kind: PieceKind, bytes: Uint8Array): StreamPiece {
  return bytes.byteLength > 0 ? { kind, bytes } : unsaid;
}

/** UTF-8 bytes that the model wrote: text, thoughts, refusals, and names and input of calls. */
function bytesOf(events: readonly AnswerEvent[]): number {
  let bytes = 0;
  for (const event of events) {
    if ('text' in event) bytes += Buffer.byteLength(event.text);
    else if (event.type === 'tool-call') bytes += Buffer.byteLength(event.name);
  }
  return bytes;
}
