import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Bus, Dispatcher, EventPublisher } from '@sluice/bus';
import {
  auditEventTypes,
  SluiceError,
  subjects,
  type Answer,
  type CacheStore,
  type Dialect,
  type Envelope,
  type Failure,
  type Principal,
} from '@sluice/contracts';
import { parseRequest } from '@sluice/dialects';
import type { IngressMetrics } from './ingress-metrics.ts';
import type { PriceCall } from './estimate-attempts.ts';
import type { IdempotencyClaim, IdempotentRequests, PlainAnswer } from './idempotent-requests.ts';
import { PendingAnswer, type AnswerSinks } from './pending-answer.ts';
import { readJson } from './read-json.ts';
import { readRequestOptions } from './request-headers.ts';
import { onUnavailable, type RouteTable } from './route-table.ts';
import type { ServerSpan, ServerSpans } from './server-spans.ts';
import { refusedEvent, settledEvent } from './usage-events.ts';

export interface IngressSurroundings {
  readonly bus: Pick<Bus, 'publishStore'>;
  readonly dispatcher: Dispatcher;
  readonly usage: Pick<EventPublisher, 'publish' | 'unacknowledged' | 'isSafe'>;
  /** A producer of its own: one sequence over two streams would show a gap in each. */
  readonly audit: Pick<EventPublisher, 'publish'>;
  readonly routes: () => RouteTable;
  readonly clock: () => number;
  readonly metrics: IngressMetrics;
  readonly spans: ServerSpans;
  readonly price: () => PriceCall;
  readonly idempotency: Pick<IdempotentRequests, 'begin'>;
  readonly concurrency: number;
  /** Usage events that may await storage; beyond it nothing is taken in. */
  readonly eventBacklog: number;
}

const unrecorded = 'Usage cannot be recorded at the moment, so nothing is admitted; retry shortly.';

/** The way of a model request through the edge: owner, checks, slip, and what follows its end. */
export class Ingress {
  readonly #surroundings: IngressSurroundings;

  constructor(surroundings: IngressSurroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * Answers one model request; every error that it throws was thrown before anything was written.
   * @throws SluiceError for whatever is wrong with the request itself
   */
  serve(
    dialect: Dialect,
    requestId: string,
    principal: Principal,
    request: IncomingMessage,
    body: Uint8Array,
    response: ServerResponse,
  ): void {
    const { dispatcher, concurrency, usage, eventBacklog, metrics, spans } = this.#surroundings;
    if (dispatcher.inFlight >= concurrency)
      throw new SluiceError('overloaded', `This gateway process has ${concurrency} requests under way; retry shortly.`);
    // Its end would be one event more; metering asks the same of the intents.
    if (usage.unacknowledged > eventBacklog || !usage.isSafe) throw new SluiceError('overloaded', unrecorded, { retryAfterSeconds: 5 });
    const routes = this.#surroundings.routes();
    const facts = parseRequest(dialect, readJson(body));
    const model = routes.resolveModel(facts.model, principal);
    const options = readRequestOptions(request.headers);
    const policy = routes.policy(principal.policy);
    const now = this.#surroundings.clock();
    const timeoutMs = Math.min(policy.timeout, options.timeoutMs ?? policy.timeout);
    const envelope: Envelope = {
      id: requestId,
      dialect,
      model,
      stream: facts.stream,
      ...(facts.maxOutputTokens === undefined ? {} : { maxOutputTokens: facts.maxOutputTokens }),
      principal,
      ...(options.user === undefined ? {} : { user: options.user }),
      tags: options.tags,
      configVersion: routes.version,
      receivedAt: now,
      dispatchedAt: now,
      cache: options.cache,
      headers: routes.forwardedHeaders(request.headers),
      found: {},
      guards: [],
      timings: [],
    };
    const claim = this.#surroundings.idempotency.begin(request.headers, `${principal.keyId} ${dialect}`, body);
    if (claim?.kind === 'replay') {
      writeAgain(response, claim.answer);
      return;
    }
    const span = spans.begin(request.headers, dialect, envelope);
    const estimates = { requestBytes: body.byteLength, price: this.#surroundings.price() };
    const answer = new PendingAnswer(response, envelope, this.#sinks(span, claim), estimates, () => performance.now());
    metrics.begun();
    const exchange = dispatcher.dispatch(
      {
        envelope,
        body,
        slip: policy.pipeline,
        deadline: now + timeoutMs,
        trace: span.trace,
        onUnavailable: (stage) => onUnavailable(policy, stage),
      },
      answer,
    );
    answer.begin(exchange, policy.onDisconnect);
  }

  /** What follows the end of a request: its usage event, the cache's copy, metrics and span. */
  #sinks(span: ServerSpan, claim: IdempotencyClaim | undefined): AnswerSinks {
    const { usage, metrics, bus } = this.#surroundings;
    return {
      settled: (envelope, told, ending) => {
        usage.publish(
          subjects.usage(envelope.principal.organization, envelope.principal.team),
          settledEvent(envelope, told, ending),
          span.trace,
        );
        this.#auditGuard(envelope, told);
        metrics.ended(envelope, ending, told.found.cache?.state ?? 'bypass');
        span.end(ending.status, told);
      },
      refused: (envelope, failure, ending) => {
        usage.publish(
          subjects.usage(envelope.principal.organization, envelope.principal.team),
          refusedEvent(envelope, failure, ending),
          span.trace,
        );
        this.#auditGuard(envelope, failure);
        metrics.ended(envelope, ending, 'bypass');
        span.end(ending.status, failure);
      },
      keep: (envelope, answer, completion) => {
        const store = cacheStore(envelope, answer, this.#surroundings.clock());
        if (store !== undefined) bus.publishStore(store, completion);
      },
      repeatable: claim?.keep,
      done: () => {
        metrics.done();
        claim?.end();
      },
    };
  }

  /** Guards that acted are facts for the audit log: categories and scores, never content. */
  #auditGuard(envelope: Envelope, told: Answer | Failure): void {
    const { guardrail } = told.found;
    if (guardrail === undefined || guardrail.detections.length === 0) return;
    const { organization, team, keyId } = envelope.principal;
    this.#surroundings.audit.publish(subjects.audit(organization), {
      id: `${envelope.id}:guard`,
      type: auditEventTypes.guard,
      subject: `${organization}/${team}/${keyId}`,
      data: {
        organization,
        team,
        keyId,
        requestId: envelope.id,
        actor: keyId,
        action: 'guardrail',
        outcome: guardrail.action,
        detail: {
          score: guardrail.score,
          detections: [...new Set(guardrail.detections.map((detection) => `${detection.detector}/${detection.category}`))],
        },
      },
    });
  }
}

/** Nothing is billed and nobody asked: the request that it repeats was. */
function writeAgain(response: ServerResponse, { status, headers, body }: PlainAnswer): void {
  response.writeHead(status, headers);
  response.end(body);
}

function cacheStore(envelope: Envelope, answer: Answer, now: number): CacheStore | undefined {
  const { cache } = answer.found;
  if (cache?.storeKey === undefined || cache.ttlSeconds === undefined || answer.usage === undefined) return undefined;
  const { organization, team } = envelope.principal;
  const cost = answer.attempts.at(-1)?.costNanoUsd;
  return {
    key: cache.storeKey,
    ttlSeconds: cache.ttlSeconds,
    organization,
    team,
    dialect: envelope.dialect,
    model: envelope.model,
    provider: answer.provider ?? '',
    providerModel: answer.model ?? '',
    finishReason: answer.finishReason ?? '',
    usage: answer.usage,
    ...(cost === undefined ? {} : { costNanoUsd: cost }),
    storedAt: now,
    ...(cache.ticket === undefined ? {} : { ticket: cache.ticket }),
  };
}
