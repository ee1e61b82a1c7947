import type { Finish, FinishReason } from '@sluice/dialects';

/** `FinishReason` of the Gemini API as the types of `@google/genai` 2.32 list it. */
const reasons: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  CONTINUATION: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  LANGUAGE: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
};

/** Ends by which the model failed: without a word before them they are no answer. */
const failures = new Set(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL', 'TOO_MANY_TOOL_CALLS', 'OTHER', 'NO_IMAGE', 'IMAGE_OTHER']);

export function finishOf(native: string, calledTools: boolean): Finish {
  const reason = reasons[native] ?? 'stop';
  return { reason: reason === 'stop' && calledTools ? 'tool-calls' : reason, native };
}

export function isFailedAnswer(native: string, answered: boolean): boolean {
  return !answered && failures.has(native);
}
