import type { TokenUsage } from '@sluice/contracts';
import type { AttemptFailure } from './attempt-failure.ts';
import { foreignAnswer, type StreamPiece, type StreamReading } from './endpoints/endpoint.ts';
import type { StreamLimit } from './reservation/stream-limit.ts';
import type { StreamSink, UpstreamCall } from './upstream-call.ts';

/** Most that is held back before the first event with content: a provider that says more than this has begun. */
const maxHeldEvents = 64;
const maxHeldBytes = 256 * 1024;
/** Events after which it is clear that a stream is of another format than was asked for. */
const maxForeignEvents = 4;
/** Bytes not yet taken at which the provider's socket is left unread, until they are taken. */
const highWaterBytes = 256 * 1024;

export interface StreamListener {
  /** Once, at the first content. */
  begun(): void;
  /** Once, at the end; without {@link begun} before it, it has failed and the client has seen nothing. */
  ended(failure: AttemptFailure | undefined): void;
}

/** A stream that stands still until it is known whether it may go on. */
interface Standstill {
  /** The rest of what was being read. */
  readonly pieces: Iterator<StreamPiece>;
  /** What came nevertheless: little, for the socket is left unread. */
  readonly backlog: Buffer[];
  /** What is to be done once all of that is read: the provider's bytes have ended. */
  end: (() => void) | undefined;
}

/**
 * A stream on its way: bytes of one provider in, messages of whole events in the client's dialect out. Nothing leaves before the first event
 * with content, so until then the attempt can fail and another target answer.
 */
export class AnswerStream implements StreamSink, AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #reading: StreamReading;
  readonly #listener: StreamListener;
  readonly #limit: StreamLimit | undefined;
  #standstill: Standstill | undefined;
  #call: UpstreamCall | undefined;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #wake: (() => void) | undefined;
  #ended = false;
  committed = false;
  /** Why the stream broke; undefined while it runs and where it ended well. */
  failure: AttemptFailure | undefined;

  /** @param limit keeps the stream within what is reserved; undefined where nothing binds it */
  constructor(reading: StreamReading, listener: StreamListener, limit?: StreamLimit) {
    this.#reading = reading;
    this.#listener = listener;
    this.#limit = limit;
  }

  get usage(): TokenUsage | undefined {
    return this.#limit?.usage ?? this.#reading.usage;
  }

  get finishReason(): string | undefined {
    return this.isCut ? 'length' : this.#reading.finishReason;
  }

  /** True where it was ended here, because it had used what is reserved. */
  get isCut(): boolean {
    return this.#limit?.usage !== undefined;
  }

  /** True where its usage is all that there will be. */
  get complete(): boolean {
    return this.isCut || this.#reading.complete;
  }

  /** Output so far, by our own count. */
  get outputTokens(): number {
    return this.#limit?.outputTokens ?? this.#reading.contentEvents;
  }

  get contentEvents(): number {
    return this.#reading.contentEvents;
  }

  attach(call: UpstreamCall): void {
    this.#call = call;
  }

  data(bytes: Buffer): void {
    if (this.#standstill !== undefined) this.#standstill.backlog.push(bytes);
    else this.#read(() => this.#reading.push(bytes));
  }

  end(): void {
    this.#then(() => {
      this.#read(() => this.#reading.end());
      this.#then(() => {
        this.#conclude();
      });
    });
  }

  fail(failure: AttemptFailure): void {
    this.#finish(failure);
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    while (this.#pending.length === 0) {
      if (this.#ended) return { done: true, value: undefined };
      // One read of the socket can hold many events: they are all pending when this continues, and leave together.
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const value = this.#take();
    this.#resume();
    return { done: false, value };
  }

  /** The consumer wants no more: the provider is told at once. */
  return(): Promise<IteratorResult<Uint8Array>> {
    this.#pending = [];
    const cancelled: AttemptFailure = { kind: 'cancelled', status: 200, disposition: 'final' };
    if (!this.#ended) this.#call?.fail(cancelled);
    this.#finish(cancelled); // where it stands still, its call may have ended before it
    return Promise.resolve({ done: true, value: undefined });
  }

  #read(read: () => Iterable<StreamPiece>): void {
    if (this.#ended) return;
    try {
      if (this.#limit !== undefined) this.#pass(read()[Symbol.iterator](), this.#limit);
      else for (const piece of read()) if (!this.#accept(piece)) return;
    } catch (cause) {
      this.#giveUp({ kind: 'malformed_stream', status: 200, disposition: 'retry', cause });
    }
  }

  #pass(pieces: Iterator<StreamPiece>, limit: StreamLimit): void {
    for (let next = pieces.next(); next.done !== true; next = pieces.next()) {
      if (!this.#accept(next.value) || !this.#isWithin(limit, pieces)) return;
    }
  }

  /** @returns false where the stream has ended or stands still */
  #isWithin(limit: StreamLimit, pieces: Iterator<StreamPiece>): boolean {
    const word = limit.check();
    if (word === 'pass') return true;
    if (word === 'end') {
      this.#cut(limit);
      return false;
    }
    this.#standstill = { pieces, backlog: [], end: undefined };
    this.#call?.pause();
    void limit.answered.then(() => {
      this.#goOn(limit);
    });
    return false;
  }

  #goOn(limit: StreamLimit): void {
    const standstill = this.#standstill;
    this.#standstill = undefined;
    if (this.#ended || standstill === undefined) return;
    const { pieces, backlog, end } = standstill;
    this.#read(() => (this.#isWithin(limit, pieces) ? { [Symbol.iterator]: () => pieces } : []));
    // It may stand still again: what is left then waits with it.
    for (const bytes of backlog) this.data(bytes);
    if (end !== undefined) this.#then(end);
    this.#resume();
  }

  /** At once, or when the stream does not stand still any more. */
  #then(end: () => void): void {
    if (this.#standstill === undefined) end();
    else this.#standstill.end = end;
  }

  #conclude(): void {
    const kind = this.#reading.foreign ? foreignAnswer : 'broken_stream';
    this.#finish(this.#reading.complete ? undefined : { kind, status: 200, disposition: 'retry' });
  }

  /** Ends the stream as an answer that met its limit; the provider is told at once. */
  #cut(limit: StreamLimit): void {
    this.#hold(limit.end());
    this.#commit();
    this.#finish(undefined);
    this.#call?.fail({ kind: 'cut', status: 200, disposition: 'final' });
  }

  /** @returns false where the piece ended the stream */
  #accept({ kind, bytes }: StreamPiece): boolean {
    if (kind === 'error') {
      this.#giveUp({ kind: 'error_event', status: 200, disposition: 'retry' });
      return false;
    }
    if (kind !== 'strip') this.#hold(bytes);
    // So much of another format: the provider has no such interface, and the client could read nothing of it.
    if (!this.committed && this.#pending.length >= maxForeignEvents && this.#reading.foreign) {
      this.#giveUp({ kind: foreignAnswer, status: 200, disposition: 'retry' });
      return false;
    }
    if (!this.committed && (kind === 'content' || this.#pending.length >= maxHeldEvents || this.#pendingBytes >= maxHeldBytes)) {
      this.#commit();
    }
    if (this.committed) this.#notify();
    return true;
  }

  #commit(): void {
    if (this.committed) return;
    this.committed = true;
    this.#listener.begun();
  }

  /** Reads on, where there is room for it and nothing is waited for. */
  #resume(): void {
    if (this.#standstill === undefined && this.#pendingBytes < highWaterBytes) this.#call?.resume();
  }

  #giveUp(failure: AttemptFailure): void {
    this.#call?.fail(failure);
    this.#finish(failure);
  }

  #hold(bytes: Uint8Array): void {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.byteLength;
    if (this.committed && this.#pendingBytes >= highWaterBytes) this.#call?.pause();
  }

  #take(): Uint8Array {
    const [first] = this.#pending;
    const value = this.#pending.length === 1 && first !== undefined ? first : Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    return value;
  }

  #finish(failure: AttemptFailure | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.failure = failure;
    this.#listener.ended(failure);
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
