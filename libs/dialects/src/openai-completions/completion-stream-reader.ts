import type { JsonObject } from '../json-value.ts';
import { ChoicesStreamReader, type ChoiceAssembly } from '../openai-chat/choices-stream-reader.ts';
import type { StreamReaderOptions } from '../stream-reader.ts';

export function createCompletionStreamReader(options: StreamReaderOptions): ChoicesStreamReader {
  return new ChoicesStreamReader({ object: 'text_completion', createChoice: () => new CompletionChoice() }, options);
}

class CompletionChoice implements ChoiceAssembly {
  #text = '';

  add(choice: JsonObject): boolean {
    if (typeof choice.text === 'string') this.#text += choice.text;
    return true;
  }

  members(): JsonObject {
    return { text: this.#text };
  }
}
