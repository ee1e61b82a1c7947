import { SluiceError, type AcceptedCall, type Answer, type Failure } from '@sluice/contracts';
import type { Msg } from 'nats';

/** Stages may be foreign programs: enough is checked that no listener throws on what they send. */
export function toAnswer(head: unknown): Answer {
  const answer = head as Partial<Answer> | null; // each field is checked before use
  if (
    typeof answer !== 'object' ||
    answer === null ||
    typeof answer.stage !== 'string' ||
    typeof answer.status !== 'number' ||
    typeof answer.contentType !== 'string' ||
    typeof answer.found !== 'object' ||
    !Array.isArray(answer.attempts) ||
    !Array.isArray(answer.guards) ||
    !Array.isArray(answer.timings)
  ) {
    throw new SluiceError('internal_error', 'A stage gave an answer that does not fit the contract.');
  }
  return answer as Answer; // checked above; the parts are our own stages' by contract
}

export function toFailure(value: unknown): Failure {
  const failure = value as Partial<Failure> | null; // each field is checked before use
  const error = failure?.error as Partial<Failure['error']> | null | undefined;
  if (typeof error?.code !== 'string' || typeof error.message !== 'string')
    throw new SluiceError('internal_error', 'A stage gave an error that does not fit the contract.');
  return {
    error: { ...error, code: error.code, message: error.message },
    attempts: failure?.attempts ?? [],
    found: failure?.found ?? {},
    guards: failure?.guards ?? [],
    timings: failure?.timings ?? [],
  };
}

/** Who says that it holds the request, and the provider call that it names. */
export function readAccepted(message: Msg): { readonly instance: string; readonly call: AcceptedCall | undefined } {
  const { id, provider, model, startedAt } = message.json<Record<string, unknown>>();
  const told = typeof provider === 'string' && typeof model === 'string' && typeof startedAt === 'number';
  return {
    instance: instanceOf(message),
    call: told ? { ...(typeof id === 'string' ? { id } : {}), provider, model, startedAt } : undefined,
  };
}

/** Empty where the message names none. */
export function instanceOf(message: Msg): string {
  const value = message.json<{ instance?: unknown }>();
  return typeof value.instance === 'string' ? value.instance : '';
}
