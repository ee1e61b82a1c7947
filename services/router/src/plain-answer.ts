import { isRecord, type Dialect, type ModelConfig, SluiceError, type TokenUsage } from '@sluice/contracts';
import { readFinishReason, readUsage } from '@sluice/dialects';
import { type AttemptFailure, dispositionOf, readRetryAfterMs } from './attempt-failure.ts';
import { redactSecret } from './credentials.ts';
import type { Target } from './target.ts';
import type { UpstreamOutcome } from './upstream-call.ts';

export interface PlainAnswer {
  /** As the provider sent it. */
  readonly body: Buffer;
  readonly usage: TokenUsage | undefined;
  readonly finishReason: string | undefined;
}

/** Reads a whole answer: what it used where it is one, and what to do next where it is a failure. */
export function readPlainAnswer(
  outcome: UpstreamOutcome,
  target: Target,
  dialect: Dialect,
  retries: ModelConfig['retries'],
  now: number,
): PlainAnswer | { readonly failure: AttemptFailure } {
  if (outcome.kind === 'failed') return { failure: outcome.failure };
  const { status, body } = outcome;
  if (status !== 200) return { failure: failureOfStatus(outcome, target, retries, now) };
  const answer = parse(body);
  // Some servers answer 200 and put the error into the body.
  if (answer === undefined || isRecord(answer.error)) {
    return { failure: { kind: answer === undefined ? 'malformed_answer' : 'error_answer', status, disposition: 'retry' } };
  }
  return { body, usage: readUsage(dialect, answer), finishReason: readFinishReason(dialect, answer) };
}

function failureOfStatus(
  outcome: UpstreamOutcome & { kind: 'whole' },
  target: Target,
  retries: ModelConfig['retries'],
  now: number,
): AttemptFailure {
  const { status, headers, body } = outcome;
  const kind = `http_${status}`;
  const disposition = dispositionOf(status, retries);
  if (disposition !== 'final') return { kind, status, disposition, retryAfterMs: readRetryAfterMs(headers, now) };
  const error = target.adapter.readError(status, body, (text) => redactSecret(text, target.secret));
  return { kind, status, disposition, error: new SluiceError(error.code, error.message, { ...error.detail, stage: 'router' }) };
}

function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
