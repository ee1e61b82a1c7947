import type { DialectAdapter } from '../dialect-adapter.ts';
import { EventRestorer } from '../event-restorer.ts';
import { walkRequestTexts } from '../walk-request-texts.ts';
import { createChatStreamReader } from './chat-stream-reader.ts';
import { ChatStreamRestorer } from './chat-stream-restorer.ts';
import { ChoicesStreamCloser } from './choices-stream-closer.ts';
import { clientCodec } from './client-codec.ts';
import { completionToStream } from './completion-to-stream.ts';
import { parseChatRequest } from './parse-chat-request.ts';
import { readFinishReason, readUsage } from './read-usage.ts';
import { walkAnswerTexts } from './walk-answer-texts.ts';

/** OpenAI's chat completions, as OpenAI and everyone compatible with it writes them. */
export const adapter: DialectAdapter = {
  parseRequest: parseChatRequest,
  replaceTexts: walkRequestTexts,
  replaceAnswerTexts: walkAnswerTexts,
  readUsage,
  readFinishReason,
  createStreamReader: createChatStreamReader,
  completionToStream,
  createStreamRestorer: (table) => new EventRestorer(new ChatStreamRestorer(table)),
  createStreamCloser: (includeUsage) => new ChoicesStreamCloser({ delta: {} }, includeUsage),
  codec: clientCodec,
};
