import type { TokenUsage } from '@sluice/contracts';
import type { NativePart, ReasoningPart, RefusalPart, TextPart, ToolCallPart } from './model-request.ts';

/** A whole answer in no provider's words. One choice: formats with several are not translated. */
export interface ModelAnswer {
  /** The provider's id of it; empty where it gave none. */
  readonly id: string;
  /** The model that answered, as the provider names it; empty where it did not say. */
  readonly model: string;
  /** Seconds since the epoch. */
  readonly createdSeconds?: number;
  /** In the order in which the model wrote them. */
  readonly parts: readonly AnswerContent[];
  readonly finish: Finish;
  readonly usage?: TokenUsage;
  /** `logprobs` of an OpenAI chat choice, as they stand. */
  readonly logprobs?: unknown;
  readonly serviceTier?: string;
}

export type AnswerContent = TextPart | ReasoningPart | ToolCallPart | RefusalPart | NativePart;

export const finishReasons = ['stop', 'length', 'tool-calls', 'content-filter', 'refusal', 'context-window', 'pause'] as const;
/**
 * Why an answer ended. `refusal`: the model declined; `content-filter`: a filter of the provider cut it;
 * `context-window`: the window was full before the output limit; `pause`: the provider wants to be asked to go on.
 */
export type FinishReason = (typeof finishReasons)[number];

/** The reasons as the gateway itself names them: OpenAI chat's words, and one for a paused turn, so that no cache keeps half an answer. */
export const finishWords: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  refusal: 'refusal',
  'context-window': 'length',
  pause: 'pause',
};

export interface Finish {
  readonly reason: FinishReason;
  /** The stop sequence that was met. */
  readonly stopSequence?: string;
  /** The provider's own word, for the formats that have no better. */
  readonly native?: string;
}
