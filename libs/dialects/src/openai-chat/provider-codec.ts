import type { ProviderCodec } from '../neutral/codec.ts';
import { readingAnswer } from '../reading-answer.ts';
import { ChatStreamDecoder } from './chat-stream-decoder.ts';
import { decodeAnswer } from './decode-answer.ts';
import { encodeRequest } from './encode-request.ts';

/** Providers that are asked for chat completions by clients of other formats. */
export const openaiChatProvider: ProviderCodec = {
  encodeRequest,
  decodeAnswer: (answer) => readingAnswer(() => decodeAnswer(answer)),
  createStreamDecoder: () => new ChatStreamDecoder(),
};
