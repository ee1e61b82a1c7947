import type { SluiceError } from '@sluice/contracts';
import type { AttemptFailure } from '../attempt-failure.ts';

/** Which list of a model's `fallbacks` a failure leads to. */
export type FallbackClass = 'error' | 'contextWindow' | 'contentPolicy';

/** What is known of an answer with status 200 that may be a refusal in disguise. */
export interface AnswerEnd {
  /** In OpenAI chat's words. */
  readonly finishReason: string | undefined;
  /** Whether it holds any text or tool call. */
  readonly isEmpty: boolean;
}

/**
 * How providers say that a prompt is too long. Most have no code for it (Anthropic, Google, Mistral, vLLM and what is built on
 * it), so here, and only here, their messages are matched. Source: the wording of each as seen in its answers and issues.
 */
const contextOverflow: readonly { readonly of: string; readonly message: RegExp }[] = [
  {
    of: 'OpenAI, Azure, DeepSeek, Moonshot, SGLang, vLLM',
    message: /maximum context length|context length is \d|longer than the model's context/i,
  },
  { of: 'OpenAI (responses)', message: /exceeds the context window|input tokens exceed the configured limit/i },
  { of: 'Anthropic', message: /prompt is too long|exceed context limit|input length and `max_tokens` exceed/i },
  { of: 'Google', message: /input token count.{0,40}exceeds the maximum number of tokens|exceeds the maximum number of tokens allowed/i },
  {
    of: 'Amazon Bedrock',
    message: /input is too long for requested model|too many input tokens|expected (?:maxLength|max_length).{0,40}actual/i,
  },
  { of: 'Mistral', message: /too large for model with \d+ maximum context|prompt contains \d+ tokens.{0,80}maximum/i },
  { of: 'Groq', message: /reduce the length of the messages or completion/i },
  {
    of: 'Together, Fireworks',
    message:
      /tokens \+ `?max_(?:new_)?tokens`? must be <=|prompt is longer than the (?:maximum )?(?:model )?context|prompt is too long: \d+, model maximum/i,
  },
  { of: 'Cohere', message: /too many tokens: |total number of tokens.{0,60}(?:exceed|must be less)/i },
  { of: 'xAI', message: /maximum prompt length is \d+/i },
  {
    of: 'llama.cpp, LM Studio, Ollama',
    message: /exceeds? the available context size|greater than the context length|input length exceeds/i,
  },
  { of: 'Alibaba', message: /range of input length should be/i },
];

/** How providers say in a refusal that the content was the reason. */
const contentRefusal: readonly { readonly of: string; readonly message: RegExp }[] = [
  { of: 'Azure', message: /content management policy|responsible ?ai ?policy/i },
  { of: 'OpenAI', message: /rejected as a result of our safety system|violat\w+ our usage polic|invalid prompt: your prompt was flagged/i },
  { of: 'Anthropic', message: /output blocked by content filtering policy/i },
  { of: 'Google', message: /prohibited_content|blocked (?:by|due to|for) (?:safety|prohibited)/i },
  { of: 'Amazon Bedrock', message: /content filter(?:s|ing)? (?:blocked|polic)/i },
  { of: 'Alibaba', message: /data_inspection_failed|inappropriate content/i },
  { of: 'DeepSeek, Moonshot', message: /content exists risk|request was rejected because it was considered high risk/i },
  { of: 'xAI', message: /content violates usage guidelines/i },
];

/** A prompt longer than this in a message is not searched: messages quote what was sent. */
const searchedCharacters = 2_000;
/** Statuses by which a provider refuses the request itself; Groq and proxies say 413 of a prompt that is too long. */
const refusing = new Set([400, 403, 413, 422]);

/**
 * Where a failed call leads when no target of the model is left: its class, or undefined where another model would be
 * refused alike (the request is malformed) or nobody waits for it any more.
 */
export function fallbackClassOf(failure: AttemptFailure): FallbackClass | undefined {
  if (failure.kind === 'cancelled' || failure.kind === 'deadline') return undefined;
  const told = failure.told ?? failure.error;
  const said = told === undefined ? undefined : classOfRefusal(told, failure.status);
  if (said !== undefined) return said;
  return failure.disposition === 'final' ? undefined : 'error';
}

/** For an answer that came with status 200: a filter stopped it before the model had said anything. */
export function fallbackClassOfAnswer({ finishReason, isEmpty }: AnswerEnd): FallbackClass | undefined {
  return isEmpty && (finishReason === 'content_filter' || finishReason === 'refusal') ? 'contentPolicy' : undefined;
}

function classOfRefusal({ code, message }: SluiceError, status: number): FallbackClass | undefined {
  if (code === 'context_length_exceeded') return 'contextWindow';
  if (code === 'content_policy_violation') return 'contentPolicy';
  // Error events within a stream have the status 200, or none.
  if (status >= 300 && !refusing.has(status)) return undefined;
  const searched = message.slice(0, searchedCharacters);
  if (contextOverflow.some((pattern) => pattern.message.test(searched))) return 'contextWindow';
  if (contentRefusal.some((pattern) => pattern.message.test(searched))) return 'contentPolicy';
  return undefined;
}
