import { finishWords, type Finish, type FinishReason } from '../neutral/model-answer.ts';

/** Anthropic's stop reasons in neutral words. `compaction` asks the client to send the conversation again, as `pause_turn` does. */
const reasonOfWord: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  refusal: 'refusal',
  pause_turn: 'pause',
  compaction: 'pause',
  model_context_window_exceeded: 'context-window',
};

/** A filter that cut an answer is told as a refusal: Anthropic's clients know no other word for it. */
const wordOfReason: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  refusal: 'refusal',
  'context-window': 'model_context_window_exceeded',
  pause: 'pause_turn',
};

/** An unknown word counts as an ordinary end and is kept as {@link Finish.native}. */
export function finishOf(stopReason: string, stopSequence: unknown): Finish {
  return {
    reason: reasonOf(stopReason),
    ...(typeof stopSequence === 'string' ? { stopSequence } : {}),
    native: stopReason,
  };
}

export function chatWordOf(stopReason: string): string {
  return finishWords[reasonOf(stopReason)];
}

/**
 * @param callsTools the answer ends with calls: some providers say `stop` even then, and Anthropic's tool runners look at this
 * word alone. One that says `end_turn` knows the difference: its calls were made by its own code and are answered already.
 */
export function stopReasonOf(finish: Finish, callsTools: boolean): string {
  if (finish.reason !== 'stop') return wordOfReason[finish.reason];
  if (callsTools && finish.native !== 'end_turn') return 'tool_use';
  return finish.stopSequence === undefined ? 'end_turn' : 'stop_sequence';
}

function reasonOf(stopReason: string): FinishReason {
  return (Object.hasOwn(reasonOfWord, stopReason) ? reasonOfWord[stopReason] : undefined) ?? 'stop';
}
