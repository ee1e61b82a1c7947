import { isObject, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { textOf } from './optional.ts';

interface StreamError {
  readonly code: string;
  readonly message: string;
}

/** A provider's error within a stream: an `error` member (object or text), an event of that name, or vLLM's `object: "error"`. */
export function readStreamError(chunk: JsonObject, event: SseEvent): StreamError | undefined {
  const { error } = chunk;
  if (isObject(error)) return describe(error);
  if (typeof error === 'string') return describe({ message: error });
  return event.event === 'error' || chunk.object === 'error' ? describe(chunk) : undefined;
}

function describe(error: JsonObject): StreamError {
  const { code, type, message } = error;
  const named = typeof code === 'number' ? String(code) : textOf(code);
  return { code: named ?? textOf(type) ?? 'error', message: textOf(message) ?? 'The provider gave no reason.' };
}
