import { omit, type JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { Sampling } from '../neutral/model-request.ts';
import type { ClaudeModel } from './claude-model.ts';

/** @param thinks a thinking model keeps its own temperature, 1 */
export function encodeSampling(sampling: Sampling, model: ClaudeModel, thinks: boolean, losses: Losses): JsonObject {
  if (sampling.frequencyPenalty) losses.feature('frequency_penalty');
  if (sampling.presencePenalty) losses.feature('presence_penalty');
  if (sampling.choices !== undefined && sampling.choices > 1) losses.feature('n', 'gives one answer to a request');
  if (sampling.logprobs !== undefined) losses.feature('logprobs');
  // Determinism is a best effort wherever it is offered.
  if (sampling.seed !== undefined) losses.hint('seed');
  return { ...stopSequences(sampling.stop, losses), ...drawing(sampling, model, thinks, losses) };
}

/** Sequences of nothing but space are refused by Anthropic. */
function stopSequences(stop: readonly string[] | undefined, losses: Losses): JsonObject {
  const usable = (stop ?? []).filter((text) => text.trim() !== '');
  if (usable.length < (stop ?? []).length) losses.feature('stop', 'takes no stop sequence of nothing but space');
  return usable.length === 0 ? {} : { stop_sequences: usable };
}

function drawing({ temperature, topP, topK }: Sampling, model: ClaudeModel, thinks: boolean, losses: Losses): JsonObject {
  const heat = temperature === undefined || temperature <= 1 ? temperature : clamp(losses);
  // The defaults say nothing, and newer models refuse even those.
  const wanted = {
    ...(heat === undefined || heat === 1 ? {} : { temperature: heat }),
    ...(topP === undefined || topP === 1 ? {} : { top_p: topP }),
    ...(topK === undefined || topK === 0 ? {} : { top_k: topK }),
  };
  const why = model.sampling ? 'cannot set it while it thinks' : 'cannot set it with this model';
  if (!model.sampling || thinks) {
    // A thinking model may still be given a top_p near 1.
    const kept = model.sampling && wanted.top_p !== undefined && wanted.top_p >= 0.95 ? { top_p: wanted.top_p } : {};
    for (const name of Object.keys(wanted)) if (!(name in kept)) losses.feature(name, why);
    return kept;
  }
  if (wanted.temperature !== undefined && wanted.top_p !== undefined && !model.bothSamplings) {
    losses.feature('top_p', 'takes temperature or top_p, not both');
    return omit(wanted, 'top_p');
  }
  return wanted;
}

function clamp(losses: Losses): number {
  losses.feature('temperature', 'takes temperatures from 0 to 1');
  return 1;
}
