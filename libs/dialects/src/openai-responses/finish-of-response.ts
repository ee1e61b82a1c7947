import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { Finish } from '../neutral/model-answer.ts';

/** Items by which the model asks its client to run a tool and come back. */
const callTypes = new Set<unknown>(['function_call', 'custom_tool_call']);
/** A response with one of these has no end yet, or none that is an answer. */
const unfinished = new Set<unknown>(['queued', 'in_progress', 'failed', 'cancelled']);

/** How a response ended; undefined where it did not end, or failed. Servers that give no status are read by their output. */
export function finishOfResponse(response: JsonObject): Finish | undefined {
  const { status } = response;
  if (unfinished.has(status) || (typeof status !== 'string' && !Array.isArray(response.output))) return undefined;
  if (status === 'incomplete') {
    const reason = isObject(response.incomplete_details) ? response.incomplete_details.reason : undefined;
    const native = typeof reason === 'string' ? { native: reason } : {};
    return { reason: reason === 'content_filter' ? 'content-filter' : 'length', ...native };
  }
  const items = asArray(response.output);
  if (items.some((item) => isObject(item) && callTypes.has(item.type))) return { reason: 'tool-calls' };
  return { reason: items.some(hasRefusal) ? 'refusal' : 'stop' };
}

function hasRefusal(item: unknown): boolean {
  return isObject(item) && item.type === 'message' && asArray(item.content).some((part) => isObject(part) && part.type === 'refusal');
}
