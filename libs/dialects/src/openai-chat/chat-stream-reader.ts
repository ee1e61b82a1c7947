import { isObject, type JsonObject } from '../json-value.ts';
import type { StreamReaderOptions } from '../stream-reader.ts';
import { ChoicesStreamReader, type ChoiceAssembly } from './choices-stream-reader.ts';
import { createMessage, mergeDelta } from './merge-delta.ts';
import { ToolCallPieces } from './tool-call-pieces.ts';

export function createChatStreamReader(options: StreamReaderOptions): ChoicesStreamReader {
  return new ChoicesStreamReader({ object: 'chat.completion', createChoice: () => new ChatChoice() }, options);
}

/** Its message, out of deltas. */
class ChatChoice implements ChoiceAssembly {
  readonly #message = createMessage();
  readonly #pieces = new ToolCallPieces();

  add(choice: JsonObject): boolean {
    return !isObject(choice.delta) || mergeDelta(this.#message, choice.delta, this.#pieces);
  }

  members(): JsonObject {
    return { message: this.#message };
  }
}
