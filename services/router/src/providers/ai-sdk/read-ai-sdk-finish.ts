import { isRecord } from '@sluice/contracts';
import type { Finish, FinishReason } from '@sluice/dialects';

const reasons: Readonly<Partial<Record<string, FinishReason>>> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content-filter',
  'tool-calls': 'tool-calls',
};

/** What providers themselves say more exactly than the SDK's few words. */
const nativeReasons: Readonly<Partial<Record<string, FinishReason>>> = {
  refusal: 'refusal',
  pause_turn: 'pause',
  model_context_window_exceeded: 'context-window',
};

/**
 * v3 and v4 name the reason twice, in the SDK's word and in the provider's; v2 in the SDK's only. Undefined where the answer
 * did not end but failed.
 */
export function readAiSdkFinish(finishReason: unknown, callsTools: boolean): Finish | undefined {
  const unified = isRecord(finishReason) ? finishReason.unified : finishReason;
  const native = isRecord(finishReason) && typeof finishReason.raw === 'string' ? finishReason.raw : undefined;
  if (unified === 'error' || unified === 'interrupted') return undefined;
  const said = (native === undefined ? undefined : nativeReasons[native]) ?? (typeof unified === 'string' ? reasons[unified] : undefined);
  return { reason: said ?? (callsTools ? 'tool-calls' : 'stop'), ...(native === undefined ? {} : { native }) };
}
