import type { RequestFacts } from '../dialect-adapter.ts';
import { asArray, isObject } from '../json-value.ts';
import { checkBoolean, checkInteger, checkModel, checkString, fail, isAbsent } from '../openai-chat/check-value.ts';

const maxDimensions = 1_000_000;

/**
 * Checks the body of `/v1/embeddings`.
 * @throws SluiceError `invalid_request` that names the field at fault and the fix
 */
export function parseEmbeddingRequest(value: unknown): RequestFacts {
  if (!isObject(value)) fail('The request body must be a JSON object such as {"model": "...", "input": "..."}.');
  const model = checkModel(value.model);
  checkInput(value.input);
  checkInteger(value.dimensions, 'dimensions', 1, maxDimensions);
  checkString(value.user, 'user');
  const encoding = checkString(value.encoding_format, 'encoding_format');
  if (encoding !== undefined && encoding !== 'float' && encoding !== 'base64') {
    fail('encoding_format must be "float" or "base64".', 'encoding_format');
  }
  if (checkBoolean(value.stream, 'stream') === true) fail('Embeddings are not streamed: leave stream out.', 'stream');
  // Vectors are no output tokens; 1 is the least that a reservation can be told.
  return { model, stream: false, maxOutputTokens: 1 };
}

function checkInput(input: unknown): void {
  if (typeof input === 'string') return;
  if (isAbsent(input)) fail('input is required: give a string, or an array of strings.', 'input');
  const items = asArray(input);
  if (!Array.isArray(input) || items.length === 0) fail('input must be a string or an array of at least one string.', 'input');
  if (isTokens(items)) return;
  for (let index = 0; index < items.length; index++) {
    const item = items[index];
    if (typeof item === 'string' || (Array.isArray(item) && item.length > 0 && isTokens(asArray(item)))) continue;
    fail(`input.${index} must be a string or an array of token numbers, as all others.`, `input.${index}`);
  }
}

function isTokens(items: readonly unknown[]): boolean {
  return items.every((item) => typeof item === 'number' && Number.isInteger(item) && item >= 0);
}
