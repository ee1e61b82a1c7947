import type { Finish, FinishReason } from '@sluice/dialects';

const reasons: Readonly<Partial<Record<string, FinishReason>>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool-calls',
  ERROR_TOXIC: 'content-filter',
  ERROR_LIMIT: 'context-window',
};

/** Undefined where the answer did not end but failed. */
export function readCohereFinish(native: unknown): Finish | undefined {
  if (native === 'ERROR' || native === 'TIMEOUT') return undefined;
  if (typeof native !== 'string') return { reason: 'stop' };
  return { reason: reasons[native] ?? 'stop', native };
}
