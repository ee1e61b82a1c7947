import type { DialectAdapter } from '../dialect-adapter.ts';
import { EventRestorer } from '../event-restorer.ts';
import { ChoicesStreamCloser } from '../openai-chat/choices-stream-closer.ts';
import { readFinishReason, readUsage } from '../openai-chat/read-usage.ts';
import { walkAnswerTexts } from '../openai-chat/walk-answer-texts.ts';
import { walkRequestTexts } from '../walk-request-texts.ts';
import { CompletionStreamEncoder } from './completion-stream-encoder.ts';
import { createCompletionStreamReader } from './completion-stream-reader.ts';
import { CompletionStreamRestorer } from './completion-stream-restorer.ts';
import { completionToStream } from './completion-to-stream.ts';
import { decodeCompletionRequest } from './decode-completion-request.ts';
import { encodeCompletion } from './encode-completion.ts';
import { parseCompletionRequest } from './parse-completion-request.ts';

/** OpenAI's older text completions. Answers have `choices` as in chat, with a text in place of a message. */
export const adapter: DialectAdapter = {
  parseRequest: parseCompletionRequest,
  replaceTexts: walkRequestTexts,
  replaceAnswerTexts: walkAnswerTexts,
  readUsage,
  readFinishReason,
  createStreamReader: createCompletionStreamReader,
  completionToStream,
  createStreamRestorer: (table) => new EventRestorer(new CompletionStreamRestorer(table)),
  createStreamCloser: (includeUsage) => new ChoicesStreamCloser({ text: '' }, includeUsage),
  codec: {
    decodeRequest: decodeCompletionRequest,
    encodeAnswer: encodeCompletion,
    createStreamEncoder: (context) => new CompletionStreamEncoder(context),
  },
};
