import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';

/**
 * The events that a provider would have streamed for a plain answer: one for each choice, usage where asked for, and `[DONE]`.
 * @throws SluiceError `internal_error` where it is no completion
 */
export function completionToStream(completion: unknown, includeUsage: boolean): Uint8Array[] {
  if (!isObject(completion) || !Array.isArray(completion.choices)) {
    throw new SluiceError('internal_error', 'A stored answer could not be streamed; retry with cache-control: no-cache.');
  }
  const { choices, usage, ...head } = completion;
  const withUsage = includeUsage && isObject(usage);
  const encode = (chunk: JsonObject) =>
    Buffer.from(`data: ${JSON.stringify({ ...head, ...chunk, ...(withUsage ? { usage: chunk.usage ?? null } : {}) })}\n\n`);
  const events: Uint8Array[] = [];
  for (const [position, choice] of asArray(choices).entries()) {
    if (!isObject(choice)) continue;
    events.push(
      encode({ choices: [{ text: '', index: position, logprobs: null, ...choice, finish_reason: choice.finish_reason ?? 'stop' }] }),
    );
  }
  if (withUsage) events.push(encode({ choices: [], usage }));
  events.push(Buffer.from('data: [DONE]\n\n'));
  return events;
}
