import type { Envelope, TokenUsage } from '@sluice/contracts';
import type { Wire } from '../providers/provider-adapter.ts';
import type { OutputMeter } from '../reservation/output-meter.ts';

/** One way in which a dialect reaches a target: over one of its wires, as bytes or translated. */
export interface Endpoint {
  readonly wire: Wire;
  /** Path and query below the origin. */
  readonly path: string;
  readonly streamPath: string;
  /** @throws SluiceError `unsupported_feature` where the wire cannot say what is asked */
  encode(body: Uint8Array, envelope: Envelope): EncodedRequest;
}

/** A request as it goes to the provider, and how its answer is read. */
export interface EncodedRequest {
  readonly bytes: Uint8Array;
  /** Fields of the client's that were left out. */
  readonly dropped: readonly string[];
  /** @throws SluiceError `provider_error` where the bytes are no answer of this wire */
  readAnswer(body: Buffer): PlainReading;
  /** A new one for each call. */
  openStream(): StreamReading;
  /** The same for a stream that may have to be ended before its provider ends it. */
  openFollowedStream(): FollowedReading;
}

/** Class of an answer that is well-formed, but in no format of this wire: the provider does not have the interface. */
export const foreignAnswer = 'foreign_answer';

export interface PlainReading {
  /** In the client's dialect. */
  readonly body: Uint8Array;
  readonly usage: TokenUsage | undefined;
  /** In the words of OpenAI chat. */
  readonly finishReason: string | undefined;
  /** Class of the failure where the answer is none. */
  readonly error?: string;
}

/**
 * What a piece of a stream is: `preamble` may be held back until it is known that the provider really answers,
 * `content` commits the attempt, `strip` is not the client's, `error` ends the attempt.
 */
export type PieceKind = 'preamble' | 'content' | 'strip' | 'error';

export interface StreamPiece {
  readonly kind: PieceKind;
  /** Whole events of the client's dialect. */
  readonly bytes: Uint8Array;
}

/** Stands before what was written: whoever stops there has not passed it on. */
export const unsaid: StreamPiece = { kind: 'strip', bytes: new Uint8Array(0) };

/** Reads one stream as it passes, and gives what the client gets of it. */
export interface StreamReading {
  /** @throws SluiceError `provider_error` where the bytes cannot be read */
  push(bytes: Buffer): Iterable<StreamPiece>;
  /** Once, when the provider's bytes have ended. */
  end(): Iterable<StreamPiece>;
  readonly usage: TokenUsage | undefined;
  /** In the words of OpenAI chat. */
  readonly finishReason: string | undefined;
  /** Pieces with content so far. */
  readonly contentEvents: number;
  /** True once the provider said that the stream is whole. */
  readonly complete: boolean;
  /** True where events came, and none of them is of this wire's format. */
  readonly foreign: boolean;
}

/**
 * Reads a stream whose output is limited: pieces are read one by one as they are asked for, so that between two of them it
 * can be ended. Before a piece in which something was written there is {@link unsaid}, and the meter has counted it by then.
 */
export interface FollowedReading extends StreamReading {
  readonly meter: OutputMeter;
  /** True once the provider said how the answer ends: no output follows. */
  readonly isEnding: boolean;
  /** Events that end the answer as one that met its output limit; nothing is read behind it. */
  close(usage: TokenUsage): Uint8Array;
}
