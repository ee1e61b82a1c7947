import type { ClientCodec } from '../neutral/codec.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeAnswer } from './encode-answer.ts';
import { ResponsesStreamEncoder } from './responses-stream-encoder.ts';

/** Translation for clients of the Responses API. */
export const codec: ClientCodec = {
  decodeRequest,
  encodeAnswer,
  createStreamEncoder: (context) => new ResponsesStreamEncoder(context),
};
