import { isRecord } from '@sluice/contracts';
import type { Finish, FinishReason } from '@sluice/dialects';

const reasons: Readonly<Partial<Record<string, FinishReason>>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  content_filtered: 'content-filter',
  guardrail_intervened: 'content-filter',
  refusal: 'refusal',
  model_context_window_exceeded: 'context-window',
  pause_turn: 'pause',
};

/**
 * @param fields `additionalModelResponseFields`, where Claude names the stop sequence that it met
 * @param callsTools the answer holds calls for the client; one that holds only the JSON it asked for ends as a text does
 */
export function readStopReason(stopReason: string | undefined, fields: unknown, callsTools: boolean): Finish {
  const stopSequence = readStopSequence(fields);
  const said = stopReason === undefined ? undefined : reasons[stopReason];
  const reason = said === 'tool-calls' && !callsTools ? 'stop' : (said ?? (callsTools ? 'tool-calls' : 'stop'));
  return {
    reason,
    ...(stopSequence === undefined ? {} : { stopSequence }),
    ...(stopReason === undefined ? {} : { native: stopReason }),
  };
}

function readStopSequence(fields: unknown): string | undefined {
  if (!isRecord(fields)) return undefined;
  const delta = isRecord(fields.delta) ? fields.delta.stop_sequence : undefined;
  const found = delta ?? fields.stop_sequence;
  return typeof found === 'string' ? found : undefined;
}
