import type { Envelope, ModelConfig, ProviderAttempt } from '@sluice/contracts';
import { AnswerStream } from './answer-stream.ts';
import type { AttemptFailure } from './attempt-failure.ts';
import { type AttemptTimes, estimateUsage, recordAttempt } from './attempt-record.ts';
import { type PlainAnswer, readPlainAnswer } from './plain-answer.ts';
import type { EncodedRequest, Endpoint } from './providers/provider-adapter.ts';
import type { ProviderSpan, ProviderTracer } from './provider-tracer.ts';
import type { RequestWatch } from './request-watch.ts';
import type { Target } from './target.ts';
import { UpstreamCall, type UpstreamRequest } from './upstream-call.ts';
import { upstreamHeaders } from './upstream-headers.ts';

export interface AttemptTools {
  readonly clock: () => number;
  /** Undefined where nothing is traced. */
  readonly tracer: ProviderTracer | undefined;
  readonly maxAnswerBytes: number;
}

/** One call that is to be made. */
export interface AttemptPlan {
  readonly target: Target;
  /** Path of the caller's dialect at this target. */
  readonly path: string;
  readonly endpoint: Endpoint;
  readonly encoded: EncodedRequest;
  readonly envelope: Envelope;
  readonly retries: ModelConfig['retries'];
  /** Counts the calls made for the request, from 1. */
  readonly ordinal: number;
  /** Called once with every failure, also with that of a stream which broke after its head had gone out. */
  readonly onFailure: (failure: AttemptFailure) => void;
}

export interface StreamedAnswer {
  readonly stream: AnswerStream;
  /** The attempt as known when the stream began, and once it has ended. */
  readonly begun: ProviderAttempt;
  readonly ended: () => ProviderAttempt | undefined;
}

export type AttemptResult =
  | { readonly kind: 'plain'; readonly answer: PlainAnswer; readonly record: ProviderAttempt }
  | ({ readonly kind: 'stream' } & StreamedAnswer)
  | { readonly kind: 'failed'; readonly failure: AttemptFailure; readonly record: ProviderAttempt };

/** Calls a target once for a whole answer. */
export async function attemptPlain(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan): Promise<AttemptResult> {
  const { target } = plan;
  const startedAt = tools.clock();
  const span = tools.tracer?.begin(target, plan.envelope, plan.ordinal);
  const call = openCall(tools, watch, plan, undefined);
  const outcome = await call.send(target.pool, upstreamRequest(plan, span));
  const endedAt = tools.clock();
  const answer = readPlainAnswer(outcome, target, plan.envelope.dialect, plan.retries, endedAt);
  if ('failure' in answer) return failed(plan, answer.failure, { startedAt, endedAt }, span);
  const record = recordAttempt(target, { startedAt, endedAt }, { status: 200, usage: answer.usage });
  target.health.succeeded(call.firstByteMs, endedAt);
  target.metrics.attempt('ok', record.latencyMs);
  span?.end(record, answer.finishReason);
  return { kind: 'plain', answer, record };
}

/** Calls a target once for a stream; resolves when its first content has come. */
export async function attemptStream(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan): Promise<AttemptResult> {
  const { target, encoded, envelope } = plan;
  const { clock } = tools;
  const startedAt = clock();
  const span = tools.tracer?.begin(target, envelope, plan.ordinal);
  const { promise: begun, resolve } = Promise.withResolvers<AttemptFailure | undefined>();
  let timeToFirstTokenMs: number | undefined;
  let ended: ProviderAttempt | undefined;
  const stream = new AnswerStream(plan.endpoint.observe(encoded.stripUsage), {
    begun() {
      timeToFirstTokenMs = clock() - startedAt;
      resolve(undefined);
    },
    ended(failure) {
      if (!stream.committed) {
        resolve(failure);
        return;
      }
      ended = recordStream(plan, stream, { startedAt, endedAt: clock(), timeToFirstTokenMs }, failure);
      span?.end(ended, stream.finishReason);
      watch.end();
    },
  });
  const call = openCall(tools, watch, plan, stream);
  void call.send(target.pool, upstreamRequest(plan, span)).then((outcome) => {
    const read = readPlainAnswer(outcome, target, envelope.dialect, plan.retries, clock());
    // A whole answer where a stream was asked for: the client could not read it.
    resolve('failure' in read ? read.failure : { kind: 'no_stream', status: call.status, disposition: 'next' });
  });
  const failure = await begun;
  if (failure !== undefined) return failed(plan, failure, { startedAt, endedAt: clock() }, span);
  if (timeToFirstTokenMs !== undefined) target.metrics.firstToken(timeToFirstTokenMs);
  const record = recordAttempt(target, { startedAt, endedAt: clock(), timeToFirstTokenMs }, { status: 200 });
  return { kind: 'stream', stream, begun: record, ended: () => ended };
}

function recordStream(plan: AttemptPlan, stream: AnswerStream, times: AttemptTimes, failure: AttemptFailure | undefined): ProviderAttempt {
  const { target, encoded } = plan;
  const usage = stream.usage ?? estimateUsage(encoded.bytes.byteLength, stream.contentEvents);
  const record = recordAttempt(target, times, { status: 200, failure, usage });
  target.metrics.attempt(failure?.kind ?? 'ok', record.latencyMs);
  if (failure === undefined) target.health.succeeded(times.timeToFirstTokenMs ?? record.latencyMs, times.endedAt);
  else plan.onFailure(failure);
  return record;
}

function failed(plan: AttemptPlan, failure: AttemptFailure, times: AttemptTimes, span: ProviderSpan | undefined): AttemptResult {
  const record = recordAttempt(plan.target, times, { status: failure.status, failure });
  plan.target.metrics.attempt(failure.kind, record.latencyMs);
  plan.onFailure(failure);
  span?.end(record);
  return { kind: 'failed', failure, record };
}

function openCall(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan, stream: AnswerStream | undefined): UpstreamCall {
  const { target } = plan;
  const { timeouts } = target.provider;
  const call = new UpstreamCall({ timeouts, deadline: watch.deadline, ...tools }, stream);
  stream?.attach(call);
  watch.follow(call, { provider: target.provider.name, model: target.config.model, startedAt: tools.clock() }, stream);
  return call;
}

function upstreamRequest(plan: AttemptPlan, span: ProviderSpan | undefined): UpstreamRequest {
  const headers = upstreamHeaders(plan.target, plan.envelope, plan.ordinal, span?.headers ?? plan.envelope.headers);
  return { path: plan.path, headers, body: plan.encoded.bytes };
}
