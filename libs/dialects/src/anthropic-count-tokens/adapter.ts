import { SluiceError } from '@sluice/contracts';
import { adapter as messages } from '../anthropic-messages/adapter.ts';
import { decodeRequest } from '../anthropic-messages/decode-request.ts';
import { parseConversation } from '../anthropic-messages/parse-messages-request.ts';
import type { DialectAdapter } from '../dialect-adapter.ts';
import type { JsonObject } from '../json-value.ts';
import type { ModelRequest } from '../neutral/model-request.ts';

/** Counting a request's tokens before it is sent: a body of the Messages API without a limit, and an answer of one number. It never streams. */
export const adapter: DialectAdapter = {
  replaceTexts: messages.replaceTexts,
  replaceAnswerTexts: messages.replaceAnswerTexts,
  createStreamReader: messages.createStreamReader,
  createStreamRestorer: messages.createStreamRestorer,
  parseRequest: (body) => ({ model: parseConversation(body).model, stream: false }),
  // Counting is free, and nothing is generated.
  readUsage: () => undefined,
  readFinishReason: () => undefined,
  completionToStream: () => {
    throw new SluiceError('internal_error', 'A count of tokens cannot be streamed; ask without stream.');
  },
};

/** What is to be counted, for providers that cannot count themselves. */
export function countableRequest(body: JsonObject): ModelRequest {
  return { ...decodeRequest(body), source: 'anthropic-count-tokens', stream: false };
}
