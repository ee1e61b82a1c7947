import type { IncomingHttpHeaders } from 'node:http';
import { type ErrorDetail, type ModelConfig, SluiceError } from '@sluice/contracts';
import { type AttemptFailure, dispositionOf, readRetryAfterMs } from './attempt-failure.ts';
import { redactSecret } from './credentials.ts';
import type { EncodedRequest, PlainReading } from './endpoints/endpoint.ts';
import type { ProviderAdapter } from './providers/provider-adapter.ts';
import type { UpstreamOutcome } from './upstream-call.ts';

/** What it takes to read the answer to one call. */
export interface AnswerReading {
  readonly encoded: EncodedRequest;
  readonly adapter: ProviderAdapter;
  /** What must not appear in a message. */
  readonly secret: string | undefined;
  readonly retries: ModelConfig['retries'];
}

/** Reads a whole answer: what it used where it is one, and what to do next where it is a failure. */
export function readPlainAnswer(
  outcome: UpstreamOutcome,
  reading: AnswerReading,
  now: number,
): PlainReading | { readonly failure: AttemptFailure } {
  if (outcome.kind === 'failed') return { failure: outcome.failure };
  const { status, body } = outcome;
  if (status !== 200) return { failure: failureOfStatus(outcome, reading, now) };
  try {
    const answer = reading.encoded.readAnswer(body);
    return answer.error === undefined ? answer : { failure: { kind: answer.error, status, disposition: 'retry' } };
  } catch (cause) {
    return { failure: { kind: 'malformed_answer', status, disposition: 'retry', cause } };
  }
}

function failureOfStatus(outcome: UpstreamOutcome & { kind: 'whole' }, reading: AnswerReading, now: number): AttemptFailure {
  const { status, headers, body } = outcome;
  const kind = `http_${status}`;
  const disposition = dispositionOf(status, reading.retries);
  const { code, message, detail } = reading.adapter.readError(status, body, (text) => redactSecret(text, reading.secret));
  const told = new SluiceError(code, message, { ...detail, stage: 'router' });
  // Some providers say 400 of a key or an account that is ours.
  if (disposition === 'final' && code === 'provider_error') return { kind, status, disposition: 'next', told };
  // Told to the client where no other target answers: the request, or the model that it names, is at fault.
  if (disposition === 'final' || status === 404) return { kind, status, disposition, error: told, told };
  return { kind, status, disposition, retryAfterMs: retryAfterOf(headers, detail, now), told };
}

/** The header, or what the provider says in the body of its refusal. */
function retryAfterOf(headers: IncomingHttpHeaders, { retryAfterSeconds }: ErrorDetail, now: number): number | undefined {
  return readRetryAfterMs(headers, now) ?? (retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1_000);
}
