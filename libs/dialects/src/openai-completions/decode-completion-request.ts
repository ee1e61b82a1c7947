import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { ModelRequest } from '../neutral/model-request.ts';
import { decodeSampling } from '../openai-chat/decode-options.ts';
import { optional, textOf } from '../openai-chat/optional.ts';

const readMembers = new Set(
  'model prompt stream stream_options max_tokens temperature top_p top_k frequency_penalty presence_penalty seed stop n user'.split(' '),
);

/**
 * The prompt as one turn of the user. `suffix`, `echo`, `best_of` and `logprobs` stay in {@link ModelRequest.rest}: formats of
 * conversations have no such thing.
 * @throws SluiceError `unsupported_feature` for several prompts, and for prompts in token numbers
 */
export function decodeCompletionRequest(body: JsonObject): ModelRequest {
  return {
    source: 'openai-completions',
    model: textOf(body.model) ?? '',
    stream: body.stream === true,
    turns: [{ role: 'user', parts: [{ type: 'text', text: readPrompt(body.prompt) }] }],
    tools: [],
    sampling: decodeSampling({ ...body, logprobs: undefined }),
    ...optional('user', textOf(body.user)),
    rest: Object.fromEntries(Object.entries(body).filter(([key, value]) => !readMembers.has(key) && !isDefault(key, value, body))),
  };
}

function readPrompt(prompt: unknown): string {
  if (typeof prompt === 'string') return prompt;
  const items = asArray(prompt);
  const [only] = items;
  if (items.length === 1 && typeof only === 'string') return only;
  const why =
    items.length > 1 && items.every((item) => typeof item === 'string')
      ? 'prompt: the models behind this name answer one prompt at a time. Send a request for each.'
      : 'prompt: the models behind this name read text, not token numbers. Send the prompt as a string.';
  throw new SluiceError('unsupported_feature', why, { param: 'prompt' });
}

function isDefault(key: string, value: unknown, body: JsonObject): boolean {
  if (value === undefined || value === null) return true;
  switch (key) {
    case 'suffix':
      return value === '';
    case 'echo':
      return value === false;
    case 'best_of':
      return value === 0 || value === (body.n ?? 1);
    case 'logit_bias':
      return isObject(value) && Object.keys(value).length === 0;
    default:
      return false;
  }
}
