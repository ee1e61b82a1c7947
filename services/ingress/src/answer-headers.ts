import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer, Envelope, GuardRun, ProviderAttempt, RateLimitState } from '@sluice/contracts';
import { totalCost } from './attempt-totals.ts';
import { isAnthropic } from './dialect-routes.ts';

const maxDropped = 64;
const maxDroppedLength = 2_048;
const nanoPerUsd = 1_000_000_000n;

/** Written out: a name that is put together for each answer is hashed for each. */
const rateLimitNames = {
  requests: { limit: 'x-ratelimit-limit-requests', remaining: 'x-ratelimit-remaining-requests', reset: 'x-ratelimit-reset-requests' },
  tokens: { limit: 'x-ratelimit-limit-tokens', remaining: 'x-ratelimit-remaining-tokens', reset: 'x-ratelimit-reset-tokens' },
} as const;

type Told = Pick<Answer, 'attempts' | 'found' | 'guards' | 'timings'> & Partial<Pick<Answer, 'provider' | 'model' | 'dropped'>>;

/** Headers that an answer of any kind carries: who answered, what it cost, which guards ran, where the time went. */
export function answerHeaders({ id, dialect }: Pick<Envelope, 'id' | 'dialect'>, told: Told, elapsedMs: number): OutgoingHttpHeaders {
  const { attempts, found, guards, timings, dropped } = told;
  const headers: OutgoingHttpHeaders = { 'x-request-id': id, 'x-sluice-attempts': String(attempts.length) };
  if (isAnthropic(dialect)) headers['request-id'] = id;
  if (dropped !== undefined && dropped.length > 0) headers['x-sluice-dropped'] = droppedText(dropped);
  if (told.model !== undefined) headers['x-sluice-model'] = headerText(told.model);
  if (told.provider !== undefined) headers['x-sluice-provider'] = told.provider;
  const { cache } = found;
  headers['x-sluice-cache'] = cache?.state ?? 'bypass';
  if (cache?.similarity !== undefined) headers['x-sluice-cache-similarity'] = cache.similarity.toFixed(4);
  if (cache?.ageSeconds !== undefined) headers.age = String(Math.floor(cache.ageSeconds));
  const cost = cache?.state === 'hit' || cache?.state === 'semantic' ? 0n : totalCost(dialect, attempts);
  if (cost !== undefined) headers['x-sluice-cost-usd'] = usd(cost);
  if (guards.length > 0) headers['x-sluice-guards'] = guards.map(guardText).join(', ');
  setRateLimit(headers, 'requests', found.metering?.requests);
  setRateLimit(headers, 'tokens', found.metering?.tokens);
  headers['server-timing'] = serverTiming(timings, attempts, elapsedMs);
  return headers;
}

function setRateLimit(headers: OutgoingHttpHeaders, kind: keyof typeof rateLimitNames, state: RateLimitState | undefined): void {
  if (state === undefined) return;
  const names = rateLimitNames[kind];
  headers[names.limit] = String(state.limit);
  headers[names.remaining] = String(state.remaining);
  headers[names.reset] = `${(state.resetMs / 1_000).toFixed(3)}s`;
}

/** Fields that no provider was told of; a client's own words, so their number and length have a bound. */
function droppedText(dropped: readonly string[]): string {
  const text = headerText(dropped.slice(0, maxDropped).join(', '));
  return text.length <= maxDroppedLength ? text : `${text.slice(0, maxDroppedLength)}...`;
}

/** `injection=allow`, or `cache=skipped:unavailable` where a guard did not run. */
function guardText({ guard, ran, action, reason }: GuardRun): string {
  return headerText(ran ? `${guard}=${action ?? 'ran'}` : `${guard}=skipped:${reason ?? 'unknown'}`);
}

/** Each stage's own time; `overhead` is everything that was not the provider's. */
function serverTiming(timings: Answer['timings'], attempts: readonly ProviderAttempt[], elapsedMs: number): string {
  const providerMs = attempts.reduce((sum, attempt) => sum + attempt.latencyMs, 0);
  let text = '';
  for (const [stage, durationMs] of timings) text += `${stage};dur=${durationMs}, `;
  return `${text}overhead;dur=${Math.max(0, elapsedMs - providerMs).toFixed(3)}`;
}

/** Nano-USD as a decimal number of USD. */
export function usd(nanoUsd: bigint): string {
  const digits = (nanoUsd % nanoPerUsd).toString().padStart(9, '0').replace(/0+$/, '');
  const whole = (nanoUsd / nanoPerUsd).toString();
  return digits === '' ? whole : `${whole}.${digits}`;
}

function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
