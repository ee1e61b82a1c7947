import { isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, JsonObject, SseEvent, StreamDecoder } from '@sluice/dialects';
import { GeminiAnswerReader } from './gemini-answer-reader.ts';
import { InteractionsReader } from './interactions-reader.ts';
import { objectAt, textAt } from './json-fields.ts';

/** Longest message of an error inside a stream that is passed on, characters. */
const maxMessageLength = 500;

/** `streamGenerateContent?alt=sse`: every event is a whole response, and nothing marks the end but the finish reason. */
export class GeminiStreamDecoder implements StreamDecoder {
  readonly #newId: () => string;
  /** Told by the first event. */
  #reader: GeminiAnswerReader | InteractionsReader | undefined;
  #failed = false;

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  get complete(): boolean {
    return this.#reader?.complete === true && !this.#failed;
  }

  get usage(): TokenUsage | undefined {
    return this.#reader?.usage;
  }

  push(event: SseEvent): AnswerEvent[] {
    if (event.data === '' || event.data === '[DONE]' || this.#failed) return [];
    const response = parseResponse(event.data);
    const error = objectAt(response, 'error');
    this.#reader ??= 'event_type' in response ? new InteractionsReader() : new GeminiAnswerReader(this.#newId);
    if (error === undefined) return this.#reader.read(response);
    this.#failed = true;
    const code = textAt(error, 'status') ?? (typeof error.code === 'number' ? String(error.code) : 'error');
    const message = textAt(error, 'message') ?? 'The provider ended the stream with an error.';
    return [{ type: 'error', code, message: message.slice(0, maxMessageLength) }];
  }

  /** The finish is told here and not when it is read: older models name a reason in every event. */
  end(): AnswerEvent[] {
    return this.#failed ? [] : (this.#reader?.end() ?? []);
  }
}

function parseResponse(data: string): JsonObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch (cause) {
    throw new SluiceError('provider_error', 'The provider sent a stream event that is not JSON.', {}, cause);
  }
  // Errors come as a list of one where a proxy of Google's made them.
  const response: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  if (isRecord(response)) return response;
  throw new SluiceError('provider_error', 'The provider sent a stream event that is not a JSON object.');
}
