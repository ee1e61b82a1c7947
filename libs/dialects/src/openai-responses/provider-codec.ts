import type { ProviderCodec } from '../neutral/codec.ts';
import { decodeAnswer } from './decode-answer.ts';
import { encodeRequest } from './encode-request.ts';
import { ResponsesStreamDecoder } from './responses-stream-decoder.ts';

/** How a server of the Responses API is spoken to by clients of other formats. */
export const openaiResponsesProvider: ProviderCodec = {
  encodeRequest,
  decodeAnswer,
  createStreamDecoder: () => new ResponsesStreamDecoder(),
};
