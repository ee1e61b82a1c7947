import { isRecord } from '@sluice/contracts';
import type { JsonObject, Losses, ModelRequest } from '@sluice/dialects';
import { encodeThinking } from './encode-thinking.ts';
import type { GeminiModel } from './gemini-model.ts';

/** Members of other formats whose absence changes no answer. */
const harmless = new Set([
  'store',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'stream_options',
  'include',
  'betas',
]);

/** Members of a Gemini request that stand outside `generationConfig`, and what the client calls them. */
const passed: Readonly<Record<string, string>> = {
  safety_settings: 'safetySettings',
  safetySettings: 'safetySettings',
  cached_content: 'cachedContent',
  cachedContent: 'cachedContent',
};

/** `generationConfig` and what stands beside it; everything that Gemini cannot do is reported. */
export function encodeOptions(request: ModelRequest, model: GeminiModel, serviceTiers: boolean, losses: Losses): JsonObject {
  const { extra_body: extra, ...rest } = request.rest;
  const google = isRecord(extra) && isRecord(extra.google) ? extra.google : {};
  const { thinking_config: snakeThinking, thinkingConfig: camelThinking, ...settings } = google;
  const thinking = encodeThinking(request, model, losses);
  const own = camelThinking ?? snakeThinking;
  const generationConfig = defined({
    ...samplingOf(request, losses),
    ...outputOf(request),
    thinkingConfig: thinking === undefined && !isRecord(own) ? undefined : { ...thinking, ...(isRecord(own) ? own : {}) },
  });
  if (request.user !== undefined) losses.hint('user');
  if (request.metadata !== undefined) losses.hint('metadata');
  return defined({
    ...passOn({ ...rest, ...settings }, losses),
    serviceTier: tierOf(request.serviceTier, serviceTiers, losses),
    generationConfig: Object.keys(generationConfig).length === 0 ? undefined : generationConfig,
  });
}

function samplingOf({ sampling }: ModelRequest, losses: Losses): JsonObject {
  if (sampling.choices !== undefined && sampling.choices > 1) losses.feature('n', 'gives one answer a request here');
  return {
    maxOutputTokens: sampling.maxOutputTokens,
    temperature: sampling.temperature,
    topP: sampling.topP,
    topK: sampling.topK,
    frequencyPenalty: sampling.frequencyPenalty,
    presencePenalty: sampling.presencePenalty,
    seed: sampling.seed,
    stopSequences: sampling.stop === undefined || sampling.stop.length === 0 ? undefined : sampling.stop,
    responseLogprobs: sampling.logprobs === undefined ? undefined : true,
    logprobs: sampling.logprobs === undefined || sampling.logprobs === 0 ? undefined : sampling.logprobs,
  };
}

function outputOf({ output }: ModelRequest): JsonObject {
  if (output === undefined) return {};
  if (output.type === 'json') return { responseMimeType: 'application/json' };
  const { schema, description } = output;
  const described = description === undefined || 'description' in schema ? schema : { ...schema, description };
  return { responseMimeType: 'application/json', responseJsonSchema: described };
}

/** The Gemini API has `flex`, `standard` and `priority`; OpenAI's `auto` and `default` are what it does unasked. */
function tierOf(tier: string | undefined, known: boolean, losses: Losses): string | undefined {
  if (tier === undefined || tier === 'auto' || tier === 'default' || tier === 'standard_only') return undefined;
  if (known && (tier === 'flex' || tier === 'priority' || tier === 'standard')) return tier;
  losses.hint('service_tier');
  return undefined;
}

function passOn(rest: JsonObject, losses: Losses): JsonObject {
  const members: [string, unknown][] = [];
  for (const [name, value] of Object.entries(rest)) {
    const own = Object.hasOwn(passed, name) ? passed[name] : undefined;
    if (own !== undefined) members.push([own, value]);
    else if (harmless.has(name)) losses.hint(name);
    else losses.feature(name);
  }
  return Object.fromEntries(members);
}

function defined(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
