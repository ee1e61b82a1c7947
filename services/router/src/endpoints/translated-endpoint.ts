import { type Envelope, isRecord, SluiceError } from '@sluice/contracts';
import {
  type AnswerContext,
  type ClientCodec,
  finishWords,
  type JsonObject,
  Losses,
  type ModelAnswer,
  type ProviderCodec,
} from '@sluice/dialects';
import type { Wire } from '../providers/provider-adapter.ts';
import { DecoderObserver } from './decoder-observer.ts';
import { type EncodedRequest, type Endpoint, foreignAnswer, type PlainReading } from './endpoint.ts';
import { openFrames } from './event-frames.ts';
import { FollowedTranslatedReading, TranslatedReading } from './translated-reading.ts';

/** What every endpoint that translates is made of. */
export interface WireOptions {
  readonly wire: Wire;
  readonly basePath: string;
  /** The provider's own name. */
  readonly model: string;
  readonly onUnsupported: 'refuse' | 'drop';
  /** How a refusal names the target. */
  readonly target: string;
}

export interface TranslationOptions extends WireOptions {
  readonly client: ClientCodec;
  readonly codec: ProviderCodec;
  readonly clock: () => number;
}

/** The wire speaks another format than the client: requests and answers go by way of the neutral form. */
export function translatedEndpoint(options: TranslationOptions): Endpoint {
  const { client, wire, codec, basePath, model, onUnsupported, target, clock } = options;
  return {
    wire,
    path: basePath + wire.path(model, false),
    streamPath: basePath + wire.path(model, true),
    encode(bytes: Uint8Array, envelope: Envelope): EncodedRequest {
      const body = parseBody(bytes);
      const losses = new Losses(onUnsupported, target);
      const encoded = codec.encodeRequest(client.decodeRequest(body), model, losses);
      const sent = wire.adapt?.(encoded) ?? encoded;
      const context: AnswerContext = { requestId: envelope.id, createdSeconds: Math.floor(clock() / 1_000), body };
      const observe = () => new DecoderObserver(codec.createStreamDecoder(encoded));
      return {
        bytes: Buffer.from(JSON.stringify(sent)),
        dropped: losses.dropped,
        readAnswer: (answer) => translateAnswer(codec, client, context, encoded, answer),
        openStream: () => new TranslatedReading(openFrames(wire), observe(), client.createStreamEncoder(context)),
        openFollowedStream: () => new FollowedTranslatedReading(openFrames(wire), observe(), client.createStreamEncoder(context)),
      };
    },
  };
}

/** Ingress has checked that it is a JSON object; other stages may have written it anew. */
export function parseBody(bytes: Uint8Array): JsonObject {
  const body: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
  if (!isRecord(body)) throw new SluiceError('invalid_request', 'The request body must be a JSON object.');
  return body;
}

/** @throws SluiceError `provider_error` where the bytes are not JSON */
export function parseAnswer(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new SluiceError('provider_error', 'The provider sent an answer that is not JSON.', {}, cause);
  }
}

function translateAnswer(codec: ProviderCodec, client: ClientCodec, context: AnswerContext, sent: JsonObject, bytes: Buffer): PlainReading {
  const parsed = parseAnswer(bytes);
  if (isRecord(parsed) && isRecord(parsed.error)) return { body: bytes, usage: undefined, finishReason: undefined, error: 'error_answer' };
  let answer: ModelAnswer;
  try {
    answer = codec.decodeAnswer(parsed, sent);
  } catch (cause) {
    if (cause instanceof SluiceError) return { body: bytes, usage: undefined, finishReason: undefined, error: foreignAnswer };
    throw cause;
  }
  return {
    body: Buffer.from(JSON.stringify(client.encodeAnswer(answer, context))),
    usage: answer.usage,
    finishReason: finishWords[answer.finish.reason],
  };
}
