import { type AnswerPart, type Outcome, refuse, reply, replyStream, type StreamEnd } from '@sluice/bus';
import { type ProviderAttempt, SluiceError, type TokenUsage } from '@sluice/contracts';
import type { AttemptResult, StreamedAnswer } from './attempt.ts';
import { brokenStreamError, refusalOf } from './refusal.ts';
import type { Run } from './run.ts';
import type { Target } from './target.ts';

/** What ingress is told of a call that gave an answer. */
export function answerOf(run: Run, target: Target, result: Exclude<AttemptResult, { kind: 'failed' }>): Outcome {
  if (result.kind === 'stream') return streamOf(run, target, result);
  run.attempts.push(result.record);
  const { usage, finishReason, body } = result.answer;
  const answer = answerPart(target, 'application/json', run.attempts, result.dropped);
  if (usage !== undefined) answer.usage = usage;
  if (finishReason !== undefined) answer.finishReason = finishReason;
  return reply({ answer, body });
}

function streamOf(run: Run, target: Target, { stream, begun, ended, dropped }: StreamedAnswer): Outcome {
  run.watch.streaming();
  const end = (thrown?: unknown): StreamEnd => {
    // Whoever stopped reading without saying so must not leave the provider writing.
    void stream.return();
    const record = ended() ?? begun;
    const attempts = [...run.attempts, record];
    const streamEnd = { finishReason: stream.finishReason, usage: record.usage, attempts };
    if (stream.failure !== undefined) return { ...streamEnd, error: brokenStreamError(target.config.provider, stream.failure) };
    return thrown === undefined ? streamEnd : { ...streamEnd, error: SluiceError.from(thrown) };
  };
  return replyStream({ head: answerPart(target, 'text/event-stream', [...run.attempts, begun], dropped), chunks: stream, end });
}

function answerPart(target: Target, contentType: string, attempts: ProviderAttempt[], dropped: readonly string[]): AnswerPart {
  const { provider, model } = target.config;
  const part = { status: 200, contentType, provider, model, attempts };
  return dropped.length === 0 ? part : { ...part, dropped: [...dropped] };
}

/** The one error for all that failed. */
export function refusal(run: Run): Outcome {
  return refuse(refusalOf(run.envelope.model, run.failed), { attempts: run.attempts });
}

/** What is kept of an answer that nobody gets. */
export async function recordOf(result: Exclude<AttemptResult, { kind: 'failed' }>): Promise<ProviderAttempt> {
  if (result.kind === 'plain') return result.record;
  await result.stream.return();
  return result.ended() ?? result.begun;
}

/** What an answer has used when it is known what it is. */
export function usageSoFar(result: Exclude<AttemptResult, { kind: 'failed' }>): TokenUsage | undefined {
  return result.kind === 'plain' ? result.answer.usage : result.stream.usage;
}
