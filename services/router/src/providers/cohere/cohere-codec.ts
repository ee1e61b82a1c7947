import type { ProviderCodec } from '@sluice/dialects';
import { CohereStreamDecoder } from './cohere-stream-decoder.ts';
import { decodeCohereAnswer } from './decode-cohere-answer.ts';
import { encodeCohereRequest } from './encode-cohere-request.ts';

/** Cohere's chat, version 2 of its API. */
export const cohereCodec: ProviderCodec = {
  encodeRequest: encodeCohereRequest,
  decodeAnswer: decodeCohereAnswer,
  createStreamDecoder: () => new CohereStreamDecoder(),
};
