import { SluiceError } from '@sluice/contracts';
import type { AttemptFailure } from './attempt-failure.ts';

export interface FailedAttempt {
  readonly provider: string;
  readonly failure: AttemptFailure;
}

/** The one error that stands for all failed attempts of a request. */
export function refusalOf(model: string, failed: readonly FailedAttempt[]): SluiceError {
  const last = failed.at(-1)?.failure;
  // An error that does not end the request, such as a dialect that one target lacks, stands only where nothing else happened.
  if (last?.error !== undefined && (last.disposition === 'final' || failed.every(({ failure }) => failure.error !== undefined)))
    return last.error;
  if (last?.kind === 'deadline') return deadlineError();
  if (last?.kind === 'cancelled')
    return new SluiceError('client_closed_request', 'The client closed the connection before the answer came.');
  const providerStatus = failed.findLast(({ failure }) => failure.status >= 400)?.failure.status;
  const detail = providerStatus === undefined ? {} : { providerStatus };
  if (failed.length > 0 && failed.every(({ failure }) => failure.status === 429)) {
    const message = `Every provider of model "${model}" is at its rate limit; retry after the time in retry-after.`;
    return new SluiceError('overloaded', message, { ...detail, retryAfterSeconds: soonestRetrySeconds(failed) });
  }
  if (failed.length > 0 && failed.every(({ failure }) => isDown(failure))) {
    const message = `No provider of model "${model}" can be reached at the moment (${summary(failed)}); retry after the time in retry-after, or ask for another model.`;
    return new SluiceError('model_unavailable', message, { ...detail, retryAfterSeconds: soonestRetrySeconds(failed) });
  }
  if (failed.length > 0 && failed.every(({ failure }) => failure.kind.startsWith('timeout'))) {
    return new SluiceError(
      'deadline_exceeded',
      `No provider of model "${model}" answered in time (${summary(failed)}); retry, or raise the provider's timeouts.`,
      detail,
    );
  }
  return new SluiceError('provider_error', `Every provider of model "${model}" failed (${summary(failed)}); retry later.`, detail);
}

/** Kinds of failure by which a target is out for everybody, and not for this request. */
const downKinds = new Set(['connect', 'connection_lost', 'tls', 'breaker_open', 'no_credentials', 'http_429', 'http_503', 'http_529']);

function isDown({ kind }: AttemptFailure): boolean {
  return downKinds.has(kind);
}

function deadlineError(): SluiceError {
  return new SluiceError(
    'deadline_exceeded',
    'The request ran into its deadline before a provider answered; retry, or allow more time with x-request-timeout-ms.',
  );
}

/** No further call may be made: a retry of the client's hears from metering which limit it is, and when there is room. */
export function noRoomError(word: 'refused' | 'unanswered'): SluiceError {
  if (word === 'refused') {
    const message =
      'An attempt at this request failed after it had used tokens, and your limits leave no room for another one. Retry when there is room again; GET /v1/usage shows what is left.';
    return new SluiceError('rate_limit_exceeded', message);
  }
  const message =
    'An attempt at this request failed after it had used tokens, and metering did not answer whether limits leave room for another one; retry shortly.';
  return new SluiceError('stage_unavailable', message);
}

/** A stream that broke after it had begun. */
export function brokenStreamError(provider: string, failure: AttemptFailure): SluiceError {
  if (failure.error !== undefined) return failure.error;
  if (failure.kind === 'deadline') return deadlineError();
  if (failure.kind === 'cancelled')
    return new SluiceError('client_closed_request', 'The client closed the connection before the answer was whole.');
  return new SluiceError(
    'provider_error',
    `The stream of provider "${provider}" broke off (${failure.kind}); what came before is incomplete. Retry the request.`,
  );
}

function soonestRetrySeconds(failed: readonly FailedAttempt[]): number {
  const wishes = failed.flatMap(({ failure }) => failure.retryAfterMs ?? []);
  return wishes.length === 0 ? 1 : Math.max(1, Math.ceil(Math.min(...wishes) / 1_000));
}

function summary(failed: readonly FailedAttempt[]): string {
  const kinds = new Map<string, string>();
  for (const { provider, failure } of failed) kinds.set(provider, failure.kind);
  return [...kinds].map(([provider, kind]) => `${provider}: ${kind}`).join(', ');
}
