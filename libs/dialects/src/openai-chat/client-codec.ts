import type { ClientCodec } from '../neutral/codec.ts';
import { ChatStreamEncoder } from './chat-stream-encoder.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeAnswer } from './encode-answer.ts';

/** Clients of chat completions, where their provider speaks something else. */
export const clientCodec: ClientCodec = {
  decodeRequest,
  encodeAnswer,
  createStreamEncoder: (context) => new ChatStreamEncoder(context),
};
