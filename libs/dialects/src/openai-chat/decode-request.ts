import { isObject, type JsonObject } from '../json-value.ts';
import type { ModelRequest } from '../neutral/model-request.ts';
import { decodeMessages } from './decode-messages.ts';
import { decodeReasoning, decodeSampling, isOlderForm } from './decode-options.ts';
import { decodeOutputFormat, decodeTools, decodeToolChoice } from './decode-tools.ts';
import { optional, textOf } from './optional.ts';

/** Members that other parts of the request stand for, or that concern the gateway only. */
const readMembers = new Set(
  (
    'model messages stream stream_options tools functions parallel_tool_calls reasoning_effort reasoning thinking enable_thinking ' +
    'thinking_budget include_reasoning max_completion_tokens max_tokens temperature top_p top_k frequency_penalty presence_penalty ' +
    'seed stop n logprobs top_logprobs user metadata'
  ).split(' '),
);

/** A chat body that was checked, in no provider's words. */
export function decodeRequest(body: JsonObject): ModelRequest {
  const toolChoice = decodeToolChoice(body);
  const output = decodeOutputFormat(body.response_format);
  const parallel = isOlderForm(body) ? false : body.parallel_tool_calls;
  const tier = textOf(body.service_tier);
  return {
    source: 'openai-chat',
    model: textOf(body.model) ?? '',
    stream: body.stream === true,
    turns: decodeMessages(body.messages),
    tools: decodeTools(body),
    ...optional('toolChoice', toolChoice),
    ...(parallel === false ? { parallelToolCalls: false } : {}),
    ...optional('output', output),
    ...optional('reasoning', decodeReasoning(body)),
    sampling: decodeSampling(body),
    ...optional('user', textOf(body.user)),
    ...optional('metadata', decodeMetadata(body.metadata)),
    ...(tier === undefined || tier === 'auto' ? {} : { serviceTier: tier }),
    rest: decodeRest(body, toolChoice !== undefined, output !== undefined),
  };
}

function decodeMetadata(value: unknown): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function decodeRest(body: JsonObject, choiceRead: boolean, formatRead: boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(body).filter(([key, value]) => {
      if (readMembers.has(key) || isDefault(key, value)) return false;
      if (key === 'tool_choice' || key === 'function_call') return !choiceRead;
      return key !== 'response_format' || !formatRead;
    }),
  );
}

/** What every server does unless told. */
function isDefault(key: string, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  switch (key) {
    case 'store':
      return value === false;
    case 'service_tier':
      return true;
    case 'verbosity':
      return value === 'medium';
    case 'logit_bias':
      return isObject(value) && Object.keys(value).length === 0;
    case 'modalities':
      return Array.isArray(value) && value.length === 1 && value[0] === 'text';
    case 'response_format':
      return isObject(value) && value.type === 'text';
    default:
      return false;
  }
}
