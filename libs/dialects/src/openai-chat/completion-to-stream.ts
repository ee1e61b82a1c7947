import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';

/**
 * The events that a provider would have streamed for a plain answer: role, message, finish, usage where asked for, and
 * `[DONE]`. A replay has nothing to wait for, so a message comes in one chunk.
 * @throws SluiceError `internal_error` where it is no chat completion
 */
export function completionToStream(completion: unknown, includeUsage: boolean): Uint8Array[] {
  if (!isObject(completion) || !Array.isArray(completion.choices)) {
    throw new SluiceError('internal_error', 'A stored answer could not be streamed; retry with cache-control: no-cache.');
  }
  const { choices, usage, ...rest } = completion;
  const head = { ...rest, object: 'chat.completion.chunk' };
  const withUsage = includeUsage && isObject(usage);
  const encode = (chunk: JsonObject) =>
    Buffer.from(`data: ${JSON.stringify({ ...head, ...chunk, ...(withUsage ? { usage: chunk.usage ?? null } : {}) })}\n\n`);
  const events: Uint8Array[] = [];
  for (const [position, choice] of asArray(choices).entries()) {
    if (!isObject(choice)) continue;
    const { message, finish_reason, logprobs, ...place } = choice;
    const shared = { index: position, ...place, logprobs: null, finish_reason: null };
    const { role, ...content } = isObject(message) ? message : {};
    events.push(encode({ choices: [{ ...shared, delta: { role: role ?? 'assistant', content: content.content === null ? null : '' } }] }));
    events.push(encode({ choices: [{ ...shared, logprobs: logprobs ?? null, delta: toDelta(content) }] }));
    events.push(encode({ choices: [{ ...shared, delta: {}, finish_reason: finish_reason ?? 'stop' }] }));
  }
  if (withUsage) events.push(encode({ choices: [], usage }));
  events.push(Buffer.from('data: [DONE]\n\n'));
  return events;
}

function toDelta(message: JsonObject): JsonObject {
  if (!Array.isArray(message.tool_calls)) return message;
  return { ...message, tool_calls: asArray(message.tool_calls).map((call, index) => (isObject(call) ? { index, ...call } : call)) };
}
