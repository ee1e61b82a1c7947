import type { JsonObject, Losses, Sampling } from '@sluice/dialects';
import type { ModelTraits } from './model-traits.ts';

export interface EncodedSampling {
  readonly inferenceConfig: JsonObject;
  /** Members of `additionalModelRequestFields`. */
  readonly fields: JsonObject;
}

/** @param thinking Claude was told to think: then it samples in its own way */
export function encodeSampling(sampling: Sampling, traits: ModelTraits, thinking: boolean, losses: Losses): EncodedSampling {
  const { maxOutputTokens, temperature, topP, topK, stop } = sampling;
  for (const [field, value] of [
    ['frequency_penalty', sampling.frequencyPenalty],
    ['presence_penalty', sampling.presencePenalty],
  ] as const) {
    if (value !== undefined && value !== 0) losses.feature(field);
  }
  // Determinism is a best effort wherever it is offered.
  if (sampling.seed !== undefined) losses.hint('seed');
  if (sampling.logprobs !== undefined) losses.feature('logprobs', 'reports no log probabilities');
  if (sampling.choices !== undefined && sampling.choices !== 1) losses.feature('n', 'gives one answer a call');
  const both = temperature !== undefined && topP !== undefined && topP !== 1 && !traits.bothSamplings;
  if (both) losses.feature('top_p', 'takes temperature or top_p, not both');
  const stops = stop === undefined || stop.length === 0 || traits.stopSequences ? stop : undefined;
  if (stops !== stop) losses.feature('stop', 'has no stop sequences');
  return {
    inferenceConfig: {
      ...(maxOutputTokens === undefined ? {} : { maxTokens: maxOutputTokens }),
      ...present('temperature', encodeTemperature(temperature, traits, thinking, losses)),
      ...present(
        'topP',
        topP === undefined || topP === 1 || both ? undefined : allowed(topP, 'top_p', traits, thinking && topP < 0.95, losses),
      ),
      ...(stops === undefined || stops.length === 0 ? {} : { stopSequences: stops }),
    },
    fields: encodeTopK(topK, traits, thinking, losses),
  };
}

function encodeTemperature(temperature: number | undefined, traits: ModelTraits, thinking: boolean, losses: Losses): number | undefined {
  // 1 is what every model does by itself, and the only value that some take.
  if (temperature === undefined || (temperature === 1 && (thinking || traits.temperature === undefined))) return undefined;
  const kept = allowed(temperature, 'temperature', traits, thinking, losses);
  const most = traits.temperature?.most;
  if (kept === undefined || most === undefined || kept <= most) return kept;
  losses.feature('temperature', `takes no temperature over ${most}`);
  return undefined;
}

function encodeTopK(topK: number | undefined, traits: ModelTraits, thinking: boolean, losses: Losses): JsonObject {
  if (topK === undefined) return {};
  if (traits.family === 'nova') return { inferenceConfig: { topK } };
  if (traits.topK !== undefined && !thinking) return { [traits.topK]: topK };
  losses.feature('top_k');
  return {};
}

function allowed(value: number, field: string, traits: ModelTraits, refused: boolean, losses: Losses): number | undefined {
  if (traits.temperature !== undefined && !refused) return value;
  losses.feature(field, refused ? 'cannot set it while it thinks' : undefined);
  return undefined;
}

function present(name: string, value: number | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}
