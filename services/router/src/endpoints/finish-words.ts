import type { FinishReason } from '@sluice/dialects';

/** Why an answer ended, as answers, events and the cache name it: OpenAI chat's words. */
export const finishWords: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'refusal',
  'context-window': 'length',
  pause: 'pause',
};
