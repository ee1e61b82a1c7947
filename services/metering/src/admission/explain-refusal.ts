import { SluiceError, type Throttle } from '@sluice/contracts';
import { nanoPerUsd } from '../limits/limit-definition.ts';
import type { Quota } from '../leases/quota.ts';
import type { Full, Refusal } from './refusal.ts';
import type { Owner } from '../limits/scope.ts';

const unitWords = {
  requests: 'requests',
  tokens: 'tokens',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  concurrency: 'requests at once',
  nanoUsd: 'USD',
} as const;
/** A database that was away for a moment is usually back after this long. */
const awayRetrySeconds = 2;
/** Answers take seconds. */
const heldRetrySeconds = 2;

/** Says to the client which limit of whom is used up, and when it may try again. `param` names the limit for programs: `team.requestsPerMinute`. */
export function explainRefusal(refusal: Refusal, now: number, throttle?: Throttle): SluiceError {
  switch (refusal.reason) {
    case 'away':
      return new SluiceError('stage_unavailable', `Limits cannot be checked at the moment; retry in ${awayRetrySeconds} s.`, {
        retryAfterSeconds: awayRetrySeconds,
      });
    case 'over':
      return new SluiceError('client_closed_request', 'The request had ended before it could begin.');
    case 'unpriced':
      return new SluiceError(
        'model_not_allowed',
        `The ${ownerText(refusal.scope)} has a budget in USD and this model has no price; ask for another model, or have a price stated for it.`,
        { param: 'model' },
      );
    case 'full':
      return throttle !== undefined && refusal.quota.definition.name === 'throttle'
        ? explainThrottle(refusal, now, throttle)
        : explainFull(refusal, now);
  }
}

function explainFull({ quota, needed }: Full, now: number): SluiceError {
  const { definition, owner, end } = quota;
  const param = `${owner.kind}.${definition.name}`;
  const isBudget = definition.name === 'budget';
  // Room for it is only held: it may come back with the next answer, long before the window ends.
  if (isCalendar(quota) && quota.mayFit(now, needed)) {
    return new SluiceError(
      'rate_limit_exceeded',
      `What is left to the ${ownerText(owner)} of its ${limitText(quota)} is held by requests under way; retry in ${heldRetrySeconds} s.`,
      { param, retryAfterSeconds: heldRetrySeconds },
    );
  }
  const retryAfterSeconds = Math.max(1, Math.ceil(quota.msUntil(now, needed) / 1_000));
  const resets = Number.isFinite(end) ? ` It resets at ${new Date(end).toISOString()}.` : '';
  return new SluiceError(
    isBudget ? 'insufficient_quota' : 'rate_limit_exceeded',
    `The ${ownerText(owner)} has reached its ${limitText(quota)}; retry in ${retryAfterSeconds} s.${resets}`,
    { param, retryAfterSeconds },
  );
}

function explainThrottle({ quota, needed }: Full, now: number, { requestsPerMinute, until, reason }: Throttle): SluiceError {
  // A key that is stopped has no room before the throttle ends; no window knows that.
  const waitMs = requestsPerMinute === 0 ? until - now : Math.min(until - now, quota.msUntil(now, needed));
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const slowed = requestsPerMinute === 0 ? 'stopped' : `slowed to ${requestsPerMinute} requests a minute`;
  return new SluiceError(
    'rate_limit_exceeded',
    `The ${ownerText(quota.owner)} is ${slowed} until ${new Date(until).toISOString()} after an anomaly (${reason}); retry in ${retryAfterSeconds} s.`,
    { param: 'key.throttle', retryAfterSeconds },
  );
}

function isCalendar({ end }: Quota): boolean {
  return Number.isFinite(end);
}

function ownerText({ kind, name }: Owner): string {
  return `${kind} "${name}"`;
}

function limitText({ definition, allowed }: Quota): string {
  const { name, unit, span } = definition;
  if (name === 'budget') return `budget of ${unit === 'nanoUsd' ? `USD ${allowed / nanoPerUsd}` : `${allowed} tokens`} a ${span}`;
  if (unit === 'concurrency') return `limit of ${allowed} requests at once (concurrency)`;
  return `limit of ${allowed} ${unitWords[unit]} ${span === 'hour' ? 'an' : 'a'} ${span} (${name})`;
}
