import { SluiceError, type Dialect } from '@sluice/contracts';
import type { DialectAdapter } from './dialect-adapter.ts';
import { walkRequestTexts } from './walk-request-texts.ts';
import { walkTexts } from './walk-texts.ts';

/**
 * Stands for a dialect that has no folder yet. Its texts are safe: the generic walk visits every string, so no body
 * passes a guard uninspected. What needs knowledge of the format refuses with `unsupported_feature`, never guesses.
 */
export function unbuiltDialect(dialect: Dialect): DialectAdapter {
  const refuse = (): never => {
    throw new SluiceError('unsupported_feature', `Streams and usage of ${dialect} are not supported yet; use /v1/chat/completions.`);
  };
  return {
    parseRequest: refuse,
    replaceTexts: walkRequestTexts,
    replaceAnswerTexts: (answer, replace) => walkTexts(answer, '', { role: 'assistant', last: false }, replace),
    readUsage: refuse,
    readFinishReason: refuse,
    createStreamReader: refuse,
    completionToStream: refuse,
    createStreamRestorer: refuse,
  };
}
