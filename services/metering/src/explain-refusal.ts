import { SluiceError } from '@sluice/contracts';
import type { Refusal } from './admission.ts';
import { nanoPerUsd } from './limit-definition.ts';
import type { Quota } from './quota.ts';

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

/** Says to the client which limit of whom is used up, and when it may try again. */
export function explainRefusal(refusal: Refusal, now: number): SluiceError {
  if (refusal.reason === 'away') {
    return new SluiceError('stage_unavailable', `Limits cannot be checked at the moment; retry in ${awayRetrySeconds} s.`, {
      retryAfterSeconds: awayRetrySeconds,
    });
  }
  const owner = `${refusal.scope.kind} "${refusal.scope.name}"`;
  if (refusal.reason === 'unpriced') {
    return new SluiceError(
      'model_not_allowed',
      `The ${owner} has a budget in USD and this model has no price; ask for another model, or have a price stated for it.`,
      { param: 'model' },
    );
  }
  const { quota, retryMs } = refusal;
  const retryAfterSeconds = Math.max(1, Math.ceil(retryMs / 1_000));
  const budget = quota.definition.name === 'budget';
  const resets = Number.isFinite(quota.end) ? ` It resets at ${new Date(quota.end).toISOString()}.` : '';
  return new SluiceError(
    budget ? 'insufficient_quota' : 'rate_limit_exceeded',
    `The ${owner} has reached its ${limitText(quota)}; retry in ${retryAfterSeconds} s.${resets}`,
    { retryAfterSeconds: Math.min(retryAfterSeconds, Math.max(1, Math.ceil((quota.end - now) / 1_000))) },
  );
}

function limitText({ definition, allowed }: Quota): string {
  const { name, unit, span } = definition;
  if (name === 'budget') return `budget of ${unit === 'nanoUsd' ? `USD ${allowed / nanoPerUsd}` : `${allowed} tokens`} a ${span}`;
  if (unit === 'concurrency') return `limit of ${allowed} requests at once (concurrency)`;
  return `limit of ${allowed} ${unitWords[unit]} ${span === 'hour' ? 'an' : 'a'} ${span} (${name})`;
}
