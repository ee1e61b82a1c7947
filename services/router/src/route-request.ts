import {
  type AnswerPart,
  drop,
  type Outcome,
  refuse,
  reply,
  replyStream,
  type StageContext,
  type StageRequest,
  type StreamEnd,
} from '@sluice/bus';
import { type Envelope, type ProviderAttempt, SluiceError } from '@sluice/contracts';
import { attemptPlain, type AttemptResult, attemptStream, type AttemptTools, type StreamedAnswer } from './attempt.ts';
import type { AttemptFailure } from './attempt-failure.ts';
import { backoffMs } from './backoff.ts';
import type { FailureReport } from './failure-report.ts';
import { brokenStreamError, type FailedAttempt, refusalOf } from './refusal.ts';
import { RequestWatch, type WatchTools } from './request-watch.ts';
import type { Route } from './routing-table.ts';
import type { Target } from './target.ts';

/** Calls for one request over all its targets: a long list of failing targets ends here. */
const maxCalls = 32;

export interface RequestTools extends AttemptTools, WatchTools {
  readonly random: () => number;
  readonly report: FailureReport;
}

/** State of one request between its calls. */
interface Run {
  readonly tools: RequestTools;
  readonly envelope: Envelope;
  readonly body: Uint8Array;
  readonly route: Route;
  readonly watch: RequestWatch;
  readonly attempts: ProviderAttempt[];
  readonly failed: FailedAttempt[];
}

/** Asks the targets of a route in turn until one answers, or none is left. */
export async function routeRequest(tools: RequestTools, request: StageRequest, context: StageContext, route: Route): Promise<Outcome> {
  const body = request.body.inline ?? (await request.body.bytes());
  if (context.claimRequired && !(await context.claim())) return drop();
  const watch = new RequestWatch(tools, context);
  const run: Run = { tools, envelope: request.envelope, body, route, watch, attempts: [], failed: [] };
  let streaming = false;
  try {
    for (const target of warmFirst(route.order(), tools.clock())) {
      const outcome = await askTarget(run, target);
      streaming = outcome?.kind === 'stream';
      if (outcome !== undefined) return outcome;
    }
    return refusal(run);
  } catch (thrown) {
    if (thrown instanceof SluiceError) return refuse(thrown, { attempts: run.attempts });
    throw thrown;
  } finally {
    // A stream is watched until its last byte.
    if (!streaming) watch.end();
  }
}

/** Targets that cool down stand behind the others: they are asked only if all those fail. */
function warmFirst(targets: readonly Target[], now: number): readonly Target[] {
  const isCooled = (target: Target): boolean => target.health.isCooled(now);
  return targets.some(isCooled) ? [...targets.filter((target) => !isCooled(target)), ...targets.filter(isCooled)] : targets;
}

/** The request's outcome, or undefined where the next target is to be asked. */
async function askTarget(run: Run, target: Target): Promise<Outcome | undefined> {
  const { envelope, route, tools, watch, attempts } = run;
  const endpoint = target.adapter.endpoints[envelope.dialect];
  const path = target.paths[envelope.dialect];
  if (endpoint === undefined || path === undefined) {
    run.failed.push({ provider: target.provider.name, failure: dialectFailure(target, envelope) });
    return undefined;
  }
  const { retries } = route.model;
  const encoded = endpoint.encode(run.body, target.config.model, envelope.stream);
  const onFailure = (failure: AttemptFailure): void => {
    tools.report.failed(target, failure, envelope.id);
  };
  for (let call = 1; call <= retries.maxAttempts && attempts.length < maxCalls; call++) {
    const givenUp = watch.givenUp(tools.clock());
    if (givenUp !== undefined) {
      run.failed.push({ provider: target.provider.name, failure: givenUp });
      return refusal(run);
    }
    const plan = { target, path, endpoint, encoded, envelope, retries, ordinal: attempts.length + 1, onFailure };
    const result = await (envelope.stream ? attemptStream(tools, watch, plan) : attemptPlain(tools, watch, plan));
    if (result.kind !== 'failed') return answerOf(run, target, result);
    attempts.push(result.record);
    run.failed.push({ provider: target.provider.name, failure: result.failure });
    const { disposition, retryAfterMs } = result.failure;
    if (disposition === 'final') return refusal(run);
    if (disposition === 'next' || call === retries.maxAttempts) return undefined;
    const waitMs = backoffMs(retries, call, retryAfterMs, watch.deadline - tools.clock(), tools.random);
    if (waitMs === undefined) return undefined;
    await watch.wait(waitMs);
  }
  return undefined;
}

function answerOf(run: Run, target: Target, result: Exclude<AttemptResult, { kind: 'failed' }>): Outcome {
  if (result.kind === 'stream') return streamOf(run, target, result);
  run.attempts.push(result.record);
  const { usage, finishReason, body } = result.answer;
  const answer = answerPart(target, 'application/json', run.attempts);
  if (usage !== undefined) answer.usage = usage;
  if (finishReason !== undefined) answer.finishReason = finishReason;
  return reply({ answer, body });
}

function streamOf(run: Run, target: Target, { stream, begun, ended }: StreamedAnswer): Outcome {
  run.watch.answered();
  const end = (thrown?: unknown): StreamEnd => {
    // Whoever stopped reading without saying so must not leave the provider writing.
    void stream.return();
    const record = ended() ?? begun;
    const attempts = [...run.attempts, record];
    const streamEnd = { finishReason: stream.finishReason, usage: record.usage, attempts };
    if (stream.failure !== undefined) return { ...streamEnd, error: brokenStreamError(target.provider.name, stream.failure) };
    return thrown === undefined ? streamEnd : { ...streamEnd, error: SluiceError.from(thrown) };
  };
  return replyStream({ head: answerPart(target, 'text/event-stream', [...run.attempts, begun]), chunks: stream, end });
}

function answerPart(target: Target, contentType: string, attempts: ProviderAttempt[]): AnswerPart {
  return { status: 200, contentType, provider: target.provider.name, model: target.config.model, attempts };
}

function refusal(run: Run): Outcome {
  return refuse(refusalOf(run.envelope.model, run.failed), { attempts: run.attempts });
}

function dialectFailure(target: Target, envelope: Envelope): AttemptFailure {
  const message = `Model "${envelope.model}" is served by "${target.provider.name}", which does not speak the format ${envelope.dialect}; use /v1/chat/completions.`;
  return { kind: 'unsupported_dialect', status: 0, disposition: 'next', error: new SluiceError('unsupported_feature', message) };
}
