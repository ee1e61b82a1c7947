import type { Envelope, ModelConfig, ProviderAttempt, TokenUsage } from '@sluice/contracts';
import { AnswerStream, type StreamListener } from './answer-stream.ts';
import { type AttemptFailure, hedgeLost } from './attempt-failure.ts';
import { type AttemptTimes, estimateUsage, recordAttempt, usageOfStream } from './attempt-record.ts';
import type { CallJournal } from './calls/call-journal.ts';
import type { CallHealth } from './call-health.ts';
import type { EncodedRequest, Endpoint, PlainReading } from './endpoints/endpoint.ts';
import { type AnswerReading, readPlainAnswer } from './plain-answer.ts';
import type { ProviderSpan, ProviderTracer } from './provider-tracer.ts';
import type { StreamAllowance } from './reservation/stream-allowance.ts';
import { StreamLimit } from './reservation/stream-limit.ts';
import type { FollowedCall, RequestWatch } from './request-watch.ts';
import type { Target } from './target.ts';
import type { Account } from './upstream.ts';
import { UpstreamCall, type UpstreamRequest } from './upstream-call.ts';
import { upstreamHeaders } from './upstream-headers.ts';

export interface AttemptTools {
  readonly clock: () => number;
  /** Undefined where nothing is traced. */
  readonly tracer: ProviderTracer | undefined;
  readonly maxAnswerBytes: number;
  /** Where calls are written before their first byte leaves; undefined: nowhere. */
  readonly journal: Pick<CallJournal, 'begun' | 'ended'> | undefined;
}

/** One call that is to be made. */
export interface AttemptPlan {
  readonly target: Target;
  readonly account: Account;
  readonly endpoint: Endpoint;
  readonly encoded: EncodedRequest;
  readonly envelope: Envelope;
  readonly retries: ModelConfig['retries'];
  /** Counts the calls made for the request, from 1. */
  readonly ordinal: number;
  /** Tells the call from all others of the request, those of other attempts of ingress included. */
  readonly id: string;
  /** Told of the call as soon as there is one, for whoever may have to end it early. */
  readonly opened?: (call: UpstreamCall) => void;
  readonly health: CallHealth;
  /** Undefined where nothing binds what a stream may use. */
  readonly limit: { readonly allowance: StreamAllowance; readonly inputTokens: number } | undefined;
}

export interface StreamedAnswer {
  readonly stream: AnswerStream;
  /** The attempt as known when the stream began, and once it has ended. */
  readonly begun: ProviderAttempt;
  readonly ended: () => ProviderAttempt | undefined;
  /** Fields of the request that were left out. */
  readonly dropped: readonly string[];
}

export type AttemptResult =
  | { readonly kind: 'plain'; readonly answer: PlainReading; readonly record: ProviderAttempt; readonly dropped: readonly string[] }
  | ({ readonly kind: 'stream' } & StreamedAnswer)
  | { readonly kind: 'failed'; readonly failure: AttemptFailure; readonly record: ProviderAttempt };

/** Calls a target once, for a whole answer or a stream as the request has it. */
export function attempt(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan): Promise<AttemptResult> {
  return plan.envelope.stream ? attemptStream(tools, watch, plan) : attemptPlain(tools, watch, plan);
}

async function attemptPlain(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan): Promise<AttemptResult> {
  const { target } = plan;
  const startedAt = tools.clock();
  const span = tools.tracer?.begin(target, plan.envelope, plan.ordinal);
  const followed = openCall(tools, watch, plan, undefined);
  const { call } = followed;
  const outcome = await call.send(plan.account.transport, upstreamRequest(tools, plan, span), noteOf(tools, watch, plan, followed));
  watch.unfollow(followed);
  const endedAt = tools.clock();
  const answer = readPlainAnswer(outcome, readingOf(plan), endedAt);
  if ('failure' in answer) return failed(tools, plan, call, answer.failure, { startedAt, endedAt }, span);
  const record = recordAttempt(plan, { startedAt, endedAt }, { status: 200, usage: answer.usage });
  tools.journal?.ended(plan.envelope.id, record);
  plan.health.firstToken(call.firstByteMs, endedAt);
  plan.health.succeeded(endedAt);
  target.metrics.attempt('ok', record.latencyMs);
  span?.end(record, answer.finishReason);
  return { kind: 'plain', answer, record, dropped: plan.encoded.dropped };
}

/** Resolves when the first content has come. */
async function attemptStream(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan): Promise<AttemptResult> {
  const { target, encoded, envelope } = plan;
  const { clock } = tools;
  const startedAt = clock();
  const span = tools.tracer?.begin(target, envelope, plan.ordinal);
  const { promise: begun, resolve } = Promise.withResolvers<AttemptFailure | undefined>();
  let timeToFirstTokenMs: number | undefined;
  let ended: ProviderAttempt | undefined;
  const stream = openStream(plan, {
    begun() {
      const now = clock();
      timeToFirstTokenMs = now - startedAt;
      target.metrics.firstToken(timeToFirstTokenMs);
      plan.health.firstToken(timeToFirstTokenMs, now);
      resolve(undefined);
    },
    ended(failure) {
      if (!stream.committed) {
        resolve(failure);
        return;
      }
      ended = recordStream(plan, stream, { startedAt, endedAt: clock(), timeToFirstTokenMs }, failure);
      tools.journal?.ended(envelope.id, ended);
      span?.end(ended, stream.finishReason);
      watch.unfollow(followed);
    },
  });
  const followed = openCall(tools, watch, plan, stream);
  const { call } = followed;
  void call.send(plan.account.transport, upstreamRequest(tools, plan, span), noteOf(tools, watch, plan, followed)).then((outcome) => {
    const read = readPlainAnswer(outcome, readingOf(plan), clock());
    // A whole answer where a stream was asked for: the client could not read it.
    resolve('failure' in read ? read.failure : { kind: 'no_stream', status: call.status, disposition: 'next' });
  });
  const failure = await begun;
  if (failure !== undefined) {
    watch.unfollow(followed);
    return failed(tools, plan, call, failure, { startedAt, endedAt: clock() }, span, stream.usage);
  }
  const record = recordAttempt(plan, { startedAt, endedAt: clock(), timeToFirstTokenMs }, { status: 200 });
  return { kind: 'stream', stream, begun: record, ended: () => ended, dropped: encoded.dropped };
}

function openStream({ encoded, limit }: AttemptPlan, listener: StreamListener): AnswerStream {
  if (limit === undefined) return new AnswerStream(encoded.openStream(), listener);
  const reading = encoded.openFollowedStream();
  return new AnswerStream(reading, listener, new StreamLimit(reading, limit.allowance, limit.inputTokens));
}

function recordStream(plan: AttemptPlan, stream: AnswerStream, times: AttemptTimes, failure: AttemptFailure | undefined): ProviderAttempt {
  const { target, encoded } = plan;
  const usage = usageOfStream(stream.usage, stream, encoded.bytes.byteLength);
  const record = recordAttempt(plan, times, { status: 200, failure, usage });
  target.metrics.attempt(failure?.kind ?? (stream.isCut ? 'cut' : 'ok'), record.latencyMs);
  if (failure === undefined) plan.health.succeeded(times.endedAt);
  else plan.health.failed(failure, times.endedAt);
  return record;
}

function failed(
  tools: AttemptTools,
  plan: AttemptPlan,
  { left }: UpstreamCall,
  failure: AttemptFailure,
  times: AttemptTimes,
  span: ProviderSpan | undefined,
  said?: TokenUsage,
): AttemptResult {
  // The provider bills what was given up on, too.
  const usage = left && failure.kind === hedgeLost ? (said ?? estimateUsage(plan.encoded.bytes.byteLength, 0)) : said;
  const record = recordAttempt(plan, times, { status: failure.status, failure, usage });
  if (left) tools.journal?.ended(plan.envelope.id, record);
  plan.target.metrics.attempt(failure.kind, record.latencyMs);
  plan.health.failed(failure, times.endedAt);
  span?.end(record);
  return { kind: 'failed', failure, record };
}

function openCall(tools: AttemptTools, watch: RequestWatch, plan: AttemptPlan, stream: AnswerStream | undefined): FollowedCall {
  const { target } = plan;
  const { timeouts } = target.upstream.config;
  const call = new UpstreamCall({ timeouts, deadline: watch.deadline, ...tools }, stream);
  stream?.attach(call);
  const followed = {
    call,
    told: { id: plan.id, provider: target.config.provider, model: target.config.model, startedAt: tools.clock() },
    stream,
  };
  watch.follow(followed);
  plan.opened?.(call);
  return followed;
}

/** Notes that a call begins. One that waits for a connection is no call yet: written then, it would be charged if the router died. */
function noteOf({ journal }: AttemptTools, watch: RequestWatch, plan: AttemptPlan, { told }: FollowedCall): (() => void) | undefined {
  if (journal === undefined) return undefined;
  return () => {
    journal.begun(plan.envelope, watch.deadline, lostAttempt(plan, told.startedAt));
  };
}

/** The record of a call that nobody will have told the end of. */
function lostAttempt(plan: AttemptPlan, startedAt: number): ProviderAttempt {
  const free = plan.envelope.dialect === 'anthropic-count-tokens'; // counting costs nothing
  const usage = free ? undefined : estimateUsage(plan.encoded.bytes.byteLength, 0);
  const failure: AttemptFailure = { kind: 'holder_lost', status: 0, disposition: 'final' };
  return recordAttempt(plan, { startedAt, endedAt: startedAt }, { status: 0, failure, usage });
}

function upstreamRequest(tools: AttemptTools, plan: AttemptPlan, span: ProviderSpan | undefined): UpstreamRequest {
  const { target, account, endpoint, envelope, encoded } = plan;
  const path = envelope.stream ? endpoint.streamPath : endpoint.path;
  const headers = upstreamHeaders(target, endpoint.wire, envelope, plan.id, span?.headers ?? envelope.headers);
  const authorization = account.authorize({ origin: target.upstream.origin, path, body: encoded.bytes, now: tools.clock() });
  return { path, headers, authorization, body: encoded.bytes };
}

function readingOf({ encoded, target, account, retries }: AttemptPlan): AnswerReading {
  return { encoded, adapter: target.upstream.adapter, secret: account.secret, retries };
}
