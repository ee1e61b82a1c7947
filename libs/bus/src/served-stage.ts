import { headers as headerNames, SluiceError, subjects, type Answer, type Envelope, type Failure } from '@sluice/contracts';
import { type Msg, type NatsConnection, type ServiceMsg } from 'nats';
import { Body } from './body.ts';
import type { TraceContext } from './bus.ts';
import type { CancelledRequests } from './cancelled-requests.ts';
import type { ClaimCheck } from './claim-check.ts';
import { headAllowanceBytes } from './claim-check.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { HeaderBlock } from './header-block.ts';
import type { Inbox } from './inbox.ts';
import { sendStream } from './outgoing-stream.ts';
import type { Outcome, Stage, StageContext } from './stage.ts';
import { readTraceContext, type StageTracer } from './tracing.ts';

/** What the process that serves a stage brings along. */
export interface StageSurroundings {
  readonly connection: NatsConnection;
  readonly inbox: Inbox;
  readonly claims: ClaimCheck;
  readonly instance: string;
  readonly tracer: StageTracer | undefined;
  /** A first attempt that arrives older than this must ask for the claim. */
  readonly hopBudgetMs: number;
  readonly cancelled: CancelledRequests;
  readonly observe: (stage: string, outcome: string, durationMs: number) => void;
  readonly log: BusLog;
}

export interface BusLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Wait for ingress's word on a claim; without it the work is dropped, for ingress may be gone. */
const claimTimeoutMs = 2_000;

/** One request in the hands of this stage. */
class StageTurn implements StageContext {
  readonly attempt: number;
  readonly deadline: number;
  readonly envelope: Envelope;
  readonly body: Body;
  readonly remaining: readonly string[];
  readonly reply: string;
  readonly trace: TraceContext | undefined;
  readonly startedAt = performance.now();
  readonly #owner: ServedStage;
  #controller: AbortController | undefined;
  #aborted: SluiceError | undefined;

  constructor(owner: ServedStage, message: Msg, read: (name: string) => string) {
    const { head, rest } = decodeFrame(message.data, read(headerNames.envelope));
    if (!isEnvelope(head))
      throw new SluiceError('invalid_request', 'The envelope lacks id, found, guards or timings.', { param: headerNames.envelope });
    this.#owner = owner;
    this.envelope = head;
    const claim = read(headerNames.claim);
    this.body = claim === '' ? Body.of(rest) : owner.surroundings.claims.body(...parseClaim(claim));
    this.attempt = Number(read(headerNames.attempt)) || 1;
    this.deadline = Number(read(headerNames.deadline)) || Number.POSITIVE_INFINITY;
    const slip = read(headerNames.slip);
    this.remaining = slip === '' ? [] : slip.split(',');
    this.reply = message.reply ?? '';
    this.trace = readTraceContext(read);
  }

  get instance(): string {
    return this.#owner.surroundings.instance;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get claimRequired(): boolean {
    return this.attempt > 1 || Date.now() - this.envelope.dispatchedAt > this.#owner.surroundings.hopBudgetMs;
  }

  abort(reason: SluiceError): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }

  get aborted(): SluiceError | undefined {
    return this.#aborted;
  }

  unmask(table: Record<string, string>): void {
    this.#owner.sendToInbox(this, 'unmask', table);
  }

  accepted(): void {
    this.#owner.sendToInbox(this, 'accepted', { instance: this.instance });
  }

  async claim(): Promise<boolean> {
    const { inbox } = this.#owner.surroundings;
    const token = `claim-${this.envelope.id}-${this.attempt}`;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const reply = inbox.open(token, (message) => {
      resolve(message.string() === 'granted');
    });
    const timer = setTimeout(resolve, claimTimeoutMs, false);
    this.#owner.sendToInbox(this, 'claim', { instance: this.instance }, reply);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      inbox.close(token);
    }
  }
}

/** Joins a stage to the bus: bounded concurrency, deadlines, cancellation, and what becomes of each outcome. */
export class ServedStage {
  readonly stage: Stage;
  readonly surroundings: StageSurroundings;
  readonly #turns = new Map<string, StageTurn>();
  readonly #waiting: StageTurn[] = [];
  #active = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #idle: (() => void) | undefined;

  constructor(stage: Stage, surroundings: StageSurroundings) {
    this.stage = stage;
    this.surroundings = surroundings;
    this.#sweeper = setInterval(() => {
      this.#sweep();
    }, 50).unref();
  }

  get inFlight(): number {
    return this.#active + this.#waiting.length;
  }

  readonly receive = (message: Msg | ServiceMsg): void => {
    const found = message.headers;
    const read = (name: string): string => found?.get(name) ?? '';
    const deadline = Number(read(headerNames.deadline));
    if (deadline > 0 && deadline < Date.now()) return; // ingress has answered already
    let turn: StageTurn;
    try {
      turn = new StageTurn(this, message, read);
    } catch (thrown) {
      this.#refuseMalformed(message, SluiceError.from(thrown));
      return;
    }
    if (this.surroundings.cancelled.has(turn.envelope.id)) {
      this.#fail(turn, new SluiceError('client_closed_request', 'The client closed the connection.'));
      return;
    }
    if (this.#active < this.stage.concurrency) this.#begin(turn, message.subject);
    else if (this.#waiting.length < this.stage.queueLimit) this.#waiting.push(turn);
    else this.#overloaded(turn);
  };

  /** Aborts what is under way for a request whose client has gone. */
  cancel(requestId: string): void {
    this.#turns.get(requestId)?.abort(new SluiceError('client_closed_request', 'The client closed the connection.'));
  }

  /** Waits until nothing is in hand; aborts what is left after `budgetMs`. */
  async drain(budgetMs: number): Promise<void> {
    if (this.inFlight > 0) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#idle = () => {
        resolve(undefined);
      };
      const timer = setTimeout(() => {
        for (const turn of this.#turns.values()) turn.abort(new SluiceError('stage_unavailable', 'The service is stopping; retry.'));
        resolve(undefined);
      }, budgetMs);
      await promise;
      clearTimeout(timer);
    }
    clearInterval(this.#sweeper);
  }

  sendToInbox(turn: StageTurn, type: string, value: unknown, reply?: string): void {
    const block = new HeaderBlock().set(headerNames.type, type).set(headerNames.attempt, turn.attempt);
    this.surroundings.connection.publish(turn.reply, JSON.stringify(value), {
      headers: block.forPublish(),
      ...(reply === undefined ? {} : { reply }),
    });
  }

  #begin(turn: StageTurn, subject: string): void {
    this.#active += 1;
    this.#turns.set(turn.envelope.id, turn);
    void this.#work(turn, subject);
  }

  async #work(turn: StageTurn, subject: string): Promise<void> {
    const span = this.surroundings.tracer?.begin(this.stage.name, subject, turn.envelope, turn.trace, turn.envelope.dispatchedAt);
    let outcome: Outcome;
    try {
      const pending = span === undefined ? this.stage.handle(turn, turn) : span.run(() => this.stage.handle(turn, turn));
      outcome = pending instanceof Promise ? await pending : pending;
    } catch (thrown) {
      outcome = { kind: 'refuse', error: turn.aborted ?? this.#explain(thrown, turn) };
    }
    try {
      const sending = this.#conclude(turn, outcome);
      if (sending !== undefined) await sending;
    } catch (thrown) {
      this.#fail(turn, this.#explain(thrown, turn));
    } finally {
      span?.end(outcome.kind, outcome.kind === 'refuse' ? outcome.error : undefined);
      this.surroundings.observe(this.stage.name, outcome.kind, performance.now() - turn.startedAt);
      if (this.#turns.get(turn.envelope.id) === turn) this.#turns.delete(turn.envelope.id);
      this.#active -= 1;
      this.#next();
    }
  }

  #next(): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) this.#begin(waiting, subjects.stage(this.stage.name));
    else if (this.#active === 0) this.#idle?.();
  }

  #explain(thrown: unknown, turn: StageTurn): SluiceError {
    const error = SluiceError.from(thrown);
    if (error.status >= 500)
      this.surroundings.log.error({ err: error.cause ?? error, requestId: turn.envelope.id, stage: this.stage.name }, 'stage failed');
    return error;
  }

  /** Undefined where the outcome is out already: the common forward and refuse need no promise. */
  #conclude(turn: StageTurn, outcome: Outcome): Promise<void> | undefined {
    switch (outcome.kind) {
      case 'forward':
        return this.#forward(turn, outcome.found, outcome.guards, outcome.body);
      case 'reply':
        return this.#answer(turn, answerOf(this.stage.name, turn, outcome.answer, outcome.found), outcome.body);
      case 'stream':
        return sendStream(turn, outcome, answerOf(this.stage.name, turn, outcome.head, outcome.found), this.surroundings);
      case 'refuse':
        this.#fail(turn, outcome.error, outcome);
        return undefined;
      case 'drop':
        return undefined;
    }
  }

  #forward(
    turn: StageTurn,
    found: unknown,
    guards: Envelope['guards'] | readonly Envelope['guards'][number][] | undefined,
    body: Uint8Array | undefined,
  ): Promise<void> | undefined {
    const next = turn.remaining[0];
    if (next === undefined) {
      this.#fail(
        turn,
        new SluiceError('internal_error', `The pipeline ends at "${this.stage.name}", which does not answer; end it with router.`, {
          stage: this.stage.name,
        }),
      );
      return undefined;
    }
    const { envelope } = turn;
    if (found !== undefined) envelope.found[this.stage.name] = found;
    if (guards !== undefined) envelope.guards.push(...guards);
    envelope.timings.push([this.stage.name, round(performance.now() - turn.startedAt)]);
    if (body !== undefined && this.surroundings.claims.needed(body.byteLength)) return this.#forwardClaimed(turn, next, body);
    if (body === undefined && turn.body.claim !== undefined)
      this.#pass(turn, next, undefined, `${turn.body.byteLength}:${turn.body.claim}`);
    else this.#pass(turn, next, body ?? turn.body.inline, undefined);
    return undefined;
  }

  async #forwardClaimed(turn: StageTurn, next: string, body: Uint8Array): Promise<void> {
    const name = `${turn.envelope.id}.${turn.attempt}.${this.stage.name}`;
    await this.surroundings.claims.put(name, body);
    this.#pass(turn, next, undefined, `${body.byteLength}:${name}`);
  }

  #pass(turn: StageTurn, next: string, rest: Uint8Array | undefined, claim: string | undefined): void {
    const { payload, headLength } = encodeFrame(turn.envelope, rest);
    if (headLength > headAllowanceBytes)
      throw new SluiceError('internal_error', 'What the stages found outgrew the envelope.', { stage: this.stage.name });
    const block = new HeaderBlock()
      .set(headerNames.envelope, headLength)
      .set(headerNames.deadline, turn.deadline === Number.POSITIVE_INFINITY ? undefined : turn.deadline)
      .set(headerNames.attempt, turn.attempt)
      .set(headerNames.slip, turn.remaining.length > 1 ? turn.remaining.slice(1).join(',') : undefined)
      .set(headerNames.claim, claim)
      .set(headerNames.traceparent, turn.trace?.traceparent)
      .set(headerNames.tracestate, turn.trace?.tracestate);
    this.surroundings.connection.publish(subjects.stage(next), payload, { reply: turn.reply, headers: block.forPublish() });
  }

  #answer(turn: StageTurn, answer: Answer, body: Uint8Array): Promise<void> | undefined {
    if (this.surroundings.claims.needed(body.byteLength)) return this.#answerClaimed(turn, answer, body);
    this.#final(turn, answer, body, undefined);
    return undefined;
  }

  async #answerClaimed(turn: StageTurn, answer: Answer, body: Uint8Array): Promise<void> {
    const name = `${turn.envelope.id}.${turn.attempt}.answer`;
    await this.surroundings.claims.put(name, body);
    this.#final(turn, answer, undefined, `${body.byteLength}:${name}`);
  }

  #final(turn: StageTurn, answer: Answer, body: Uint8Array | undefined, claim: string | undefined): void {
    const { payload, headLength } = encodeFrame(answer, body);
    const block = new HeaderBlock()
      .set(headerNames.type, 'final')
      .set(headerNames.attempt, turn.attempt)
      .set(headerNames.envelope, headLength)
      .set(headerNames.claim, claim);
    this.surroundings.connection.publish(turn.reply, payload, { headers: block.forPublish() });
  }

  #fail(
    turn: StageTurn,
    error: SluiceError,
    patch: { found?: unknown; guards?: readonly Envelope['guards'][number][]; attempts?: Answer['attempts'] } = {},
  ): void {
    const { envelope } = turn;
    if (patch.found !== undefined) envelope.found[this.stage.name] = patch.found;
    const failure: Failure = {
      error: { stage: this.stage.name, ...error.toWire() },
      attempts: patch.attempts ?? [],
      found: envelope.found,
      guards: patch.guards === undefined ? envelope.guards : [...envelope.guards, ...patch.guards],
      timings: [...envelope.timings, [this.stage.name, round(performance.now() - turn.startedAt)]],
    };
    this.sendToInbox(turn, 'error', failure);
  }

  #overloaded(turn: StageTurn): void {
    this.surroundings.observe(this.stage.name, 'overloaded', 0);
    if (this.stage.onOverload === 'pass' && turn.remaining.length > 0) {
      const run = { guard: this.stage.name, ran: false, reason: 'overloaded' };
      void this.#forward(turn, undefined, [run], undefined);
      return;
    }
    this.#fail(
      turn,
      new SluiceError('overloaded', `The stage "${this.stage.name}" has ${this.inFlight} requests in hand; retry shortly.`, {
        stage: this.stage.name,
      }),
    );
  }

  #refuseMalformed(message: Msg, error: SluiceError): void {
    this.surroundings.observe(this.stage.name, 'malformed', 0);
    this.surroundings.log.warn(
      { stage: this.stage.name, subject: message.subject, reason: error.message },
      'malformed stage message refused',
    );
    if (message.reply === undefined || message.reply === '') return;
    const failure: Failure = { error: { stage: this.stage.name, ...error.toWire() }, attempts: [], found: {}, guards: [], timings: [] };
    const block = new HeaderBlock()
      .set(headerNames.type, 'error')
      .set(headerNames.errorCode, error.status)
      .set(headerNames.error, error.code);
    message.respond(JSON.stringify(failure), { headers: block.forPublish() });
  }

  /** Deadlines are watched by one timer a stage: a timer a request would cost more than most stages do. */
  #sweep(): void {
    const now = Date.now();
    for (const turn of this.#turns.values()) {
      if (turn.deadline < now) turn.abort(new SluiceError('deadline_exceeded', 'The request took longer than its time limit.'));
    }
    while (this.#waiting[0] !== undefined && this.#waiting[0].deadline < now) this.#waiting.shift();
  }
}

function answerOf(stage: string, turn: StageTurn, part: Partial<Answer> & Pick<Answer, 'status' | 'contentType'>, found: unknown): Answer {
  const { envelope } = turn;
  if (found !== undefined) envelope.found[stage] = found;
  return {
    ...part,
    stage,
    attempts: part.attempts ?? [],
    found: envelope.found,
    guards: part.guards === undefined ? envelope.guards : [...envelope.guards, ...part.guards],
    timings: [...envelope.timings, [stage, round(performance.now() - turn.startedAt)]],
  };
}

/** The light check between our own stages: enough that no later line can throw on a foreign message. */
function isEnvelope(head: unknown): head is Envelope {
  if (typeof head !== 'object' || head === null) return false;
  const envelope = head as Partial<Record<keyof Envelope, unknown>>; // every field is checked before use
  return (
    typeof envelope.id === 'string' &&
    typeof envelope.model === 'string' &&
    typeof envelope.dialect === 'string' &&
    typeof envelope.principal === 'object' &&
    envelope.principal !== null &&
    typeof envelope.found === 'object' &&
    envelope.found !== null &&
    typeof envelope.headers === 'object' &&
    envelope.headers !== null &&
    typeof envelope.cache === 'object' &&
    envelope.cache !== null &&
    typeof envelope.tags === 'object' &&
    envelope.tags !== null &&
    typeof envelope.dispatchedAt === 'number' &&
    Array.isArray(envelope.guards) &&
    Array.isArray(envelope.timings)
  );
}

/** `<bytes>:<object name>`. */
export function parseClaim(claim: string): [name: string, byteLength: number] {
  const match = /^(\d{1,9}):([A-Za-z0-9._-]{1,200})$/.exec(claim);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new SluiceError('invalid_request', 'Header Sluice-Claim must be <bytes>:<object name>.', { param: headerNames.claim });
  }
  return [match[2], Number(match[1])];
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
