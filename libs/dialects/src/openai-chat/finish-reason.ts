import { asArray, isObject, type JsonObject } from '../json-value.ts';
import { finishWords, type Finish, type FinishReason } from '../neutral/model-answer.ts';
import { textOf } from './optional.ts';

/** What the answer holds besides its word for the end: vendors say `stop` where OpenAI says more. */
export interface Said {
  readonly calls: boolean;
  readonly refusal: boolean;
}

/** Words of OpenAI first, then those of the vendors that speak its format, in lower case. */
const reasonsOfWords: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  refusal: 'refusal',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  stop_token: 'stop',
  complete: 'stop',
  completed: 'stop',
  done: 'stop',
  max_tokens: 'length',
  max_output_tokens: 'length',
  max_length: 'length',
  model_length: 'length',
  tool_use: 'tool-calls',
  tool_call: 'tool-calls',
  content_filtered: 'content-filter',
  safety: 'content-filter',
  sensitive: 'content-filter',
  recitation: 'content-filter',
  prohibited_content: 'content-filter',
  model_context_window_exceeded: 'context-window',
  pause_turn: 'pause',
};

/** Chat knows no pause. */
const wordsOfReasons: Readonly<Record<FinishReason, string>> = { ...finishWords, pause: 'stop' };

/** @param word `finish_reason` as the provider wrote it; undefined: it named none */
export function readFinish(word: string | undefined, said: Said, stopSequence?: string): Finish {
  const known = word === undefined ? undefined : reasonOf(word);
  const reason = refine(known ?? 'stop', said);
  return {
    reason,
    ...(word === undefined || word === wordsOfReasons[reason] ? {} : { native: word }),
    ...(stopSequence === undefined ? {} : { stopSequence }),
  };
}

/** The word that the rest of the gateway understands; a vendor's word that nobody knows stays as it is. */
export function gatewayWord(word: string, said: Said): string {
  const reason = reasonOf(word);
  return reason === undefined ? word : wordsOfReasons[refine(reason, said)];
}

/** The word for a client; OpenAI has none for a refusal, and says it by the message itself. */
export function clientWord(finish: Finish, showsRefusal: boolean): string {
  if (finish.reason === 'refusal') return showsRefusal ? 'stop' : 'content_filter';
  return wordsOfReasons[finish.reason];
}

/** What a message or a delta says, in the words of {@link Said}. */
export function readSaid(message: JsonObject): Said {
  const calls =
    asArray(message.tool_calls).length > 0 || (isObject(message.function_call) && textOf(message.function_call.name) !== undefined);
  return { calls, refusal: textOf(message.refusal) !== undefined };
}

function reasonOf(word: string): FinishReason | undefined {
  const key = word.toLowerCase();
  return Object.hasOwn(reasonsOfWords, key) ? reasonsOfWords[key] : undefined;
}

function refine(reason: FinishReason, said: Said): FinishReason {
  if (reason !== 'stop') return reason;
  if (said.calls) return 'tool-calls';
  return said.refusal ? 'refusal' : 'stop';
}
