import type { JsonObject, ProviderCodec } from '@sluice/dialects';
import { ConverseStreamDecoder } from './converse-stream-decoder.ts';
import { decodeConverseAnswer } from './decode-converse-answer.ts';
import { encodeConverseRequest } from './encode-converse-request.ts';

/** Amazon Bedrock's Converse and ConverseStream. */
export const converseCodec = {
  encodeRequest: encodeConverseRequest,
  decodeAnswer: (answer: unknown, sent?: JsonObject) => decodeConverseAnswer(answer, sent),
  createStreamDecoder: (sent?: JsonObject) => new ConverseStreamDecoder(sent),
} satisfies ProviderCodec;
