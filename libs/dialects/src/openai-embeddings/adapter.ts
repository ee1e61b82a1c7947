import { SluiceError } from '@sluice/contracts';
import type { DialectAdapter } from '../dialect-adapter.ts';
import { walkRequestTexts } from '../walk-request-texts.ts';
import { readUsage } from './embedding-answer.ts';
import { parseEmbeddingRequest } from './parse-embedding-request.ts';
import { walkEmbeddingAnswer } from './walk-embedding-answer.ts';

/** OpenAI's embeddings. Nothing of them is streamed; requests that ask for it are refused when they come. */
export const adapter: DialectAdapter = {
  parseRequest: parseEmbeddingRequest,
  replaceTexts: walkRequestTexts,
  replaceAnswerTexts: walkEmbeddingAnswer,
  readUsage,
  readFinishReason: () => undefined,
  createStreamReader: refuse,
  completionToStream: refuse,
  createStreamRestorer: refuse,
};

function refuse(): never {
  throw new SluiceError('unsupported_feature', 'Embeddings are not streamed.', { param: 'stream' });
}
