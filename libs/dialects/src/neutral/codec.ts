import type { TokenUsage } from '@sluice/contracts';
import type { JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import type { AnswerEvent } from './answer-event.ts';
import type { Losses } from './losses.ts';
import type { ModelAnswer } from './model-answer.ts';
import type { ModelRequest } from './model-request.ts';

/** The client's side of a format: its requests in, its answers out. */
export interface ClientCodec {
  /**
   * The body was checked by the dialect's request parser when it came.
   * @throws SluiceError `invalid_request` or `unsupported_feature` where it has no meaning outside its own format
   */
  decodeRequest(body: JsonObject): ModelRequest;
  /** The plain answer's JSON value. */
  encodeAnswer(answer: ModelAnswer, context: AnswerContext): JsonObject;
  /** Writes one stream; a new one for each. */
  createStreamEncoder(context: AnswerContext): StreamEncoder;
}

/** What an answer repeats of its request. */
export interface AnswerContext {
  /** `req_…`, for ids where the provider gave none. */
  readonly requestId: string;
  /** Seconds since the epoch, for providers that do not say. */
  readonly createdSeconds: number;
  /** The client's body. */
  readonly body: JsonObject;
}

export interface StreamEncoder {
  /** Whole events of the client's format, empty where nothing is to be said yet. */
  push(event: AnswerEvent): Uint8Array;
  /** What is still to be said, the format's own end included; once, after a finish. */
  end(): Uint8Array;
}

/** The provider's side of a format: requests out, answers in. */
export interface ProviderCodec {
  /**
   * @param model the provider's own name
   * @throws SluiceError `unsupported_feature` by way of `losses`
   */
  encodeRequest(request: ModelRequest, model: string, losses: Losses): JsonObject;
  /**
   * @param sent the body that was answered, for formats in which only the request tells what an answer means
   * @throws SluiceError `provider_error` where it is no such answer
   */
  decodeAnswer(answer: unknown, sent?: JsonObject): ModelAnswer;
  createStreamDecoder(sent?: JsonObject): StreamDecoder;
}

export interface StreamDecoder {
  /** @throws SluiceError `provider_error` where the event cannot be read */
  push(event: SseEvent): AnswerEvent[];
  /** What the provider's end of the stream sets free, such as a finish that it never named; once, at the end of its bytes. */
  end(): AnswerEvent[];
  /** True once the provider said that the stream is whole. */
  readonly complete: boolean;
  readonly usage: TokenUsage | undefined;
}
