import type { DialectAdapter } from '../dialect-adapter.ts';
import { EventRestorer } from '../event-restorer.ts';
import { walkRequestTexts } from '../walk-request-texts.ts';
import { codec } from './codec.ts';
import { completionToStream } from './completion-to-stream.ts';
import { parseResponsesRequest } from './parse-responses-request.ts';
import { readFinishReason, readUsage } from './read-usage.ts';
import { ResponsesStreamCloser } from './responses-stream-closer.ts';
import { ResponsesStreamReader } from './responses-stream-reader.ts';
import { ResponsesStreamRestorer } from './responses-stream-restorer.ts';
import { walkAnswerTexts } from './walk-answer-texts.ts';

/** OpenAI's Responses API, as OpenAI and those compatible with it write it. */
export const adapter: DialectAdapter = {
  parseRequest: parseResponsesRequest,
  replaceTexts: walkRequestTexts,
  replaceAnswerTexts: walkAnswerTexts,
  readUsage,
  readFinishReason,
  createStreamReader: (options) => new ResponsesStreamReader(options),
  completionToStream,
  createStreamRestorer: (table) => new EventRestorer(new ResponsesStreamRestorer(table)),
  createStreamCloser: () => new ResponsesStreamCloser(),
  codec,
};
