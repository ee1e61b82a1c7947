import { SluiceError } from '@sluice/contracts';

/** Where nothing tells when to come back. */
const defaultRetrySeconds = 1;

/**
 * What a client is told of a model whose targets are all out: 503 and when the first of them is tried again.
 * @param admittedFrom for each target, epoch ms from which it may be called
 */
export function modelUnavailable(model: string, admittedFrom: readonly number[], now: number): SluiceError {
  const soonest = Math.min(...admittedFrom);
  const retryAfterSeconds = Number.isFinite(soonest)
    ? Math.max(defaultRetrySeconds, Math.ceil((soonest - now) / 1_000))
    : defaultRetrySeconds;
  const message = `No provider of model "${model}" is well at the moment; retry after the time in retry-after, or ask for another model.`;
  return new SluiceError('model_unavailable', message, { retryAfterSeconds, stage: 'router' });
}
