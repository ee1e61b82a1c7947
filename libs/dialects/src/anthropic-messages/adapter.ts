import type { DialectAdapter } from '../dialect-adapter.ts';
import { EventRestorer } from '../event-restorer.ts';
import type { ClientCodec, ProviderCodec } from '../neutral/codec.ts';
import { decodeAnswer } from './decode-answer.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeAnswer } from './encode-answer.ts';
import { encodeRequest } from './encode-request.ts';
import { messageToStream } from './message-to-stream.ts';
import { MessagesStreamCloser } from './messages-stream-closer.ts';
import { MessagesStreamDecoder } from './messages-stream-decoder.ts';
import { MessagesStreamEncoder } from './messages-stream-encoder.ts';
import { MessagesStreamReader } from './messages-stream-reader.ts';
import { MessagesStreamRestorer } from './messages-stream-restorer.ts';
import { parseMessagesRequest } from './parse-messages-request.ts';
import { readFinishReason, readUsage } from './read-usage.ts';
import { walkAnswerMessage, walkRequestMessages } from './walk-message-texts.ts';

/** The client's side of Anthropic's format. */
const codec: ClientCodec = {
  decodeRequest,
  encodeAnswer,
  createStreamEncoder: (context) => new MessagesStreamEncoder(context),
};

/** Anthropic's Messages API, as Anthropic and everyone compatible with it writes it. */
export const adapter: DialectAdapter = {
  parseRequest: parseMessagesRequest,
  replaceTexts: walkRequestMessages,
  replaceAnswerTexts: walkAnswerMessage,
  readUsage,
  readFinishReason,
  createStreamReader: (options) => new MessagesStreamReader(options),
  completionToStream: messageToStream,
  createStreamRestorer: (table) => new EventRestorer(new MessagesStreamRestorer(table)),
  createStreamCloser: () => new MessagesStreamCloser(),
  codec,
};

/** The provider's side of the same format. */
export const anthropicMessagesProvider: ProviderCodec = {
  encodeRequest,
  decodeAnswer,
  createStreamDecoder: () => new MessagesStreamDecoder(),
};
