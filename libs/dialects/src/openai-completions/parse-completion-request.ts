import type { RequestFacts } from '../dialect-adapter.ts';
import { asArray, isObject } from '../json-value.ts';
import {
  checkBoolean,
  checkInteger,
  checkModel,
  checkSampling,
  checkObject,
  checkString,
  fail,
  isAbsent,
  maxTokens,
} from '../openai-chat/check-value.ts';

const maxChoices = 128;
const maxBestOf = 20;

/**
 * Checks the body of `/v1/completions`.
 * @throws SluiceError `invalid_request` that names the field at fault and the fix
 */
export function parseCompletionRequest(value: unknown): RequestFacts {
  if (!isObject(value)) fail('The request body must be a JSON object such as {"model": "...", "prompt": "..."}.');
  const model = checkModel(value.model);
  const prompts = checkPrompt(value.prompt, isAbsent(value.prompt_embeds));
  const stream = checkBoolean(value.stream, 'stream') ?? false;
  checkBoolean(checkObject(value.stream_options, 'stream_options')?.include_usage, 'stream_options.include_usage');
  checkSampling(value);
  checkBoolean(value.echo, 'echo');
  checkString(value.suffix, 'suffix');
  const choices = checkInteger(value.n, 'n', 1, maxChoices) ?? 1;
  const drafts = checkInteger(value.best_of, 'best_of', 0, maxBestOf) ?? 0;
  if (drafts !== 0 && drafts < choices) fail('best_of must be at least n.', 'best_of');
  const limit = checkInteger(value.max_tokens, 'max_tokens', 0, maxTokens);
  const facts = { model, stream };
  // A limit of 0 asks for nothing but the echo of the prompt; it sets no bound that a reservation could use.
  return limit === undefined || limit === 0 ? facts : { ...facts, maxOutputTokens: limit * prompts * Math.max(choices, drafts) };
}

/** How many prompts there are. */
function checkPrompt(prompt: unknown, required: boolean): number {
  if (typeof prompt === 'string') return 1;
  if (isAbsent(prompt)) {
    if (required) fail('prompt is required: give a string, or an array of strings.', 'prompt');
    return 1;
  }
  const items = asArray(prompt);
  if (!Array.isArray(prompt) || items.length === 0) fail('prompt must be a string or an array of at least one string.', 'prompt');
  if (items.every(isToken)) return 1;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (typeof item === 'string' || (Array.isArray(item) && item.every(isToken))) continue;
    fail(`prompt.${index} must be a string or an array of token numbers, as all others.`, `prompt.${index}`);
  }
  return items.length;
}

function isToken(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
