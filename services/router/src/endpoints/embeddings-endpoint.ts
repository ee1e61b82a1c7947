import { isRecord } from '@sluice/contracts';
import { decodeEmbeddingRequest, type EmbeddingCodec, encodeEmbeddingAnswer, Losses } from '@sluice/dialects';
import { SluiceError } from '@sluice/contracts';
import type { EncodedRequest, Endpoint, PlainReading } from './endpoint.ts';
import { parseAnswer, parseBody, type WireOptions } from './translated-endpoint.ts';

/** Vectors asked for in OpenAI's format of a provider that has one of its own. */
export function embeddingsEndpoint(options: WireOptions & { readonly codec: EmbeddingCodec }): Endpoint {
  const { wire, codec, basePath, model, onUnsupported, target } = options;
  return {
    wire,
    path: basePath + wire.path(model, false),
    streamPath: basePath + wire.path(model, false),
    encode(bytes: Uint8Array): EncodedRequest {
      const request = decodeEmbeddingRequest(parseBody(bytes));
      const losses = new Losses(onUnsupported, target);
      const encoded = codec.encodeRequest(request, model, losses);
      return {
        bytes: Buffer.from(JSON.stringify(wire.adapt?.(encoded) ?? encoded)),
        dropped: losses.dropped,
        readAnswer(answer): PlainReading {
          const parsed = parseAnswer(answer);
          if (isRecord(parsed) && isRecord(parsed.error)) {
            return { body: answer, usage: undefined, finishReason: undefined, error: 'error_answer' };
          }
          const decoded = codec.decodeAnswer(parsed);
          const body = Buffer.from(JSON.stringify(encodeEmbeddingAnswer(decoded, request)));
          return { body, usage: decoded.usage, finishReason: undefined };
        },
        openStream: refuseStream,
        openFollowedStream: refuseStream,
      };
    },
  };
}

function refuseStream(): never {
  throw new SluiceError('unsupported_feature', 'Embeddings are not streamed.', { param: 'stream' });
}
