import type { TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, SseEvent, StreamEncoder } from '@sluice/dialects';
import { OutputMeter } from '../reservation/output-meter.ts';
import type { DecoderObserver } from './decoder-observer.ts';
import type { FollowedReading, PieceKind, StreamPiece } from './endpoint.ts';
import type { EventFrames } from './event-frames.ts';
import { ObservedReading } from './observed-reading.ts';

const nothing = new Uint8Array(0);

interface TranslatedPiece extends StreamPiece {
  readonly events: readonly AnswerEvent[];
}

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

  end(): Iterable<StreamPiece> {
    const pieces = [...this.translate(this.#frames.end())];
    const { kind, events } = this.observer.end();
    pieces.push(this.#encode(kind, events));
    // Without its end the stream is broken: the error event that follows is the only end it may have.
    if (this.observer.complete) pieces.push({ kind: 'content', bytes: this.#encoder.end() });
    return pieces.filter(isSaid);
  }

  protected translate(events: readonly SseEvent[]): Iterable<StreamPiece> {
    const pieces: StreamPiece[] = [];
    for (const event of events) {
      const piece = this.translated(event);
      if (piece !== undefined && isSaid(piece)) pieces.push(piece);
    }
    return pieces;
  }

  protected translated(event: SseEvent): TranslatedPiece | undefined {
    if (event.data === '') return undefined; // keep-alives of the provider mean nothing to the client
    const read = this.observer.read(event);
    return this.#encode(read.kind, read.events);
  }

  protected encodeEnd(events: readonly AnswerEvent[]): Uint8Array {
    return Buffer.concat([...events.map((event) => this.#encoder.push(event)), this.#encoder.end()]);
  }

  #encode(kind: PieceKind, events: readonly AnswerEvent[]): TranslatedPiece {
    if (kind === 'error') return { kind, bytes: nothing, events };
    if (events.length === 1 && events[0] !== undefined) return { kind, bytes: this.#encoder.push(events[0]), events };
    return { kind, bytes: Buffer.concat(events.map((event) => this.#encoder.push(event))), events };
  }
}

/** The same for a stream whose output is limited. */
export class FollowedTranslatedReading extends TranslatedReading implements FollowedReading {
  readonly meter = new OutputMeter();

  get isEnding(): boolean {
    return this.observer.complete;
  }

  close(usage: TokenUsage): Uint8Array {
    return this.encodeEnd([
      { type: 'usage', usage },
      { type: 'finish', finish: { reason: 'length' } },
    ]);
  }

  protected override *translate(events: readonly SseEvent[]): Iterable<StreamPiece> {
    for (const event of events) {
      const piece = this.translated(event);
      if (piece === undefined) continue;
      this.meter.add(bytesOf(piece.events));
      this.meter.heard(this.usage);
      // What the client is not shown was produced all the same, so it is told of.
      yield isSaid(piece) ? piece : { kind: 'strip', bytes: nothing };
    }
  }
}

function isSaid(piece: StreamPiece): boolean {
  return piece.kind === 'error' || piece.bytes.byteLength > 0;
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
