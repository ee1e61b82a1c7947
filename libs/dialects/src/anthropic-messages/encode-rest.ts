import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { ModelRequest } from '../neutral/model-request.ts';

/** Members of other dialects that change no answer: caching, billing, what an answer repeats. */
const hints = new Set(
  'prompt_cache_key prompt_cache_retention prompt_cache_options safety_identifier prediction store include truncation background stream_options obfuscation'.split(
    ' ',
  ),
);

/** Anthropic's limit on `metadata.user_id`. */
const maxUserLength = 256;

/** `metadata`, `service_tier`, and what only the request's own format has a place for. */
export function encodeRest(request: ModelRequest, losses: Losses): JsonObject {
  const own = request.source === 'anthropic-messages' || request.source === 'anthropic-count-tokens';
  if (!own) {
    for (const key of Object.keys(request.rest)) {
      if (hints.has(key)) losses.hint(key);
      else losses.feature(key);
    }
  }
  if (request.metadata !== undefined && Object.keys(request.metadata).length > 0) losses.hint('metadata');
  return { ...(own ? request.rest : {}), ...userOf(request.user, losses), ...tierOf(request.serviceTier, losses) };
}

/** Anthropic refuses names by which a person could be known: addresses and telephone numbers. */
function userOf(user: string | undefined, losses: Losses): JsonObject {
  if (user === undefined || user === '') return {};
  if (user.length <= maxUserLength && !/@|^\+?[\d\s().-]{7,}$/.test(user)) return { metadata: { user_id: user } };
  losses.hint('user');
  return {};
}

function tierOf(tier: string | undefined, losses: Losses): JsonObject {
  if (tier === undefined || tier === 'auto') return {};
  if (tier === 'default' || tier === 'standard_only') return { service_tier: 'standard_only' };
  losses.hint('service_tier');
  return {};
}
