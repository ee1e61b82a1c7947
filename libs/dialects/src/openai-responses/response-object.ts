import type { TokenUsage } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AnswerContext } from '../neutral/codec.ts';
import type { Finish } from '../neutral/model-answer.ts';

/** What the API answers for a parameter that was not given. */
const defaultsOfEcho: readonly (readonly [string, unknown])[] = [
  ['background', false],
  ['instructions', null],
  ['max_output_tokens', null],
  ['max_tool_calls', null],
  ['metadata', {}],
  ['parallel_tool_calls', true],
  ['prompt_cache_key', null],
  ['safety_identifier', null],
  ['temperature', 1],
  ['tool_choice', 'auto'],
  ['tools', []],
  ['top_logprobs', 0],
  ['top_p', 1],
  ['truncation', 'disabled'],
  ['user', null],
];

/** Who answered, as far as it is known when the first event is written. */
export interface ResponseHead {
  readonly id: string;
  readonly model: string;
  readonly createdSeconds?: number;
  readonly serviceTier?: string;
}

/**
 * The response object around an answer: it repeats the request's parameters. `store` is always false, for what was
 * translated is kept nowhere and cannot be referred to.
 */
export function responseObject(head: ResponseHead, context: AnswerContext, rest: JsonObject): JsonObject {
  const { body } = context;
  const text = isObject(body.text) ? body.text : {};
  const reasoning = isObject(body.reasoning) ? body.reasoning : {};
  return {
    id: head.id === '' ? `resp_${idBase(context)}` : head.id,
    object: 'response',
    created_at: head.createdSeconds ?? context.createdSeconds,
    error: null,
    incomplete_details: null,
    model: head.model === '' ? body.model : head.model,
    ...Object.fromEntries(defaultsOfEcho.map(([key, value]) => [key, body[key] ?? value])),
    previous_response_id: null,
    reasoning: { effort: reasoning.effort ?? null, summary: reasoning.summary ?? null },
    service_tier: head.serviceTier ?? body.service_tier ?? 'default',
    store: false,
    text: { ...text, format: text.format ?? { type: 'text' } },
    ...rest,
  };
}

/** What ids of this answer's items are made of. */
export function idBase(context: AnswerContext): string {
  return context.requestId.replace(/^req_/, '');
}

/** `status` and what explains it. */
export function statusOf(finish: Finish): { readonly status: 'completed' | 'incomplete'; readonly incomplete_details: JsonObject | null } {
  if (finish.reason === 'content-filter') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  if (finish.reason === 'length' || finish.reason === 'context-window') {
    return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  }
  return { status: 'completed', incomplete_details: null };
}

export function encodeUsage(usage: TokenUsage | undefined): JsonObject | null {
  if (usage === undefined) return null;
  return {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached ?? 0, cache_write_tokens: usage.cacheWrite ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: usage.input + usage.output,
  };
}

/** Log probabilities of a chat choice as those of an output text. */
export function encodeLogprobs(logprobs: unknown): readonly unknown[] {
  return isObject(logprobs) ? asArray(logprobs.content) : [];
}
