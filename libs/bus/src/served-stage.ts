import { headers as headerNames, SluiceError, subjects, type Answer, type Envelope, type Failure } from '@sluice/contracts';
import type { Msg, ServiceMsg } from 'nats';
import { headAllowanceBytes, replacedBodyName } from './claim-check.ts';
import { HeaderBlock } from './header-block.ts';
import { headerReader } from './incoming-headers.ts';
import { sendStream } from './outgoing-stream.ts';
import { publishMessage } from './publish-message.ts';
import { Roster } from './roster.ts';
import type { Outcome, Stage } from './stage.ts';
import type { StageSurroundings } from './stage-surroundings.ts';
import { StageTurn } from './stage-turn.ts';

/** Joins a stage to the bus: bounded concurrency, deadlines, cancellation, and what becomes of each outcome. */
export class ServedStage {
  readonly stage: Stage;
  readonly surroundings: StageSurroundings;
  /** In work; two attempts of one request are two turns. */
  readonly #turns = new Roster<StageTurn>();
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
    try {
      const read = headerReader(message);
      const deadline = Number(read(headerNames.deadline));
      if (deadline > 0 && deadline < Date.now()) return; // ingress has answered already
      this.#admit(new StageTurn(this.surroundings, message, read));
    } catch (thrown) {
      this.#refuseMalformed(message, SluiceError.from(thrown));
    }
  };

  #admit(turn: StageTurn): void {
    if (this.surroundings.cancelled.has(turn.envelope.id)) this.#fail(turn, clientGone());
    else if (this.#active < this.stage.concurrency) this.#begin(turn);
    else if (this.#waiting.length < this.stage.queueLimit) this.#waiting.push(turn);
    else this.#overloaded(turn);
  }

  /** Aborts what is under way for a request whose client has gone. */
  cancel(requestId: string): void {
    for (const turn of this.#turns) if (turn.envelope.id === requestId) turn.abort(clientGone());
  }

  /** Waits until nothing is in hand; aborts what is left after `budgetMs`. */
  async drain(budgetMs: number): Promise<void> {
    if (this.inFlight > 0) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#idle = () => {
        resolve(undefined);
      };
      const timer = setTimeout(() => {
        const stopping = new SluiceError('stage_unavailable', 'The service is stopping; retry.');
        for (const turn of this.#turns) turn.abort(stopping);
        for (const turn of this.#waiting.splice(0)) this.#fail(turn, stopping);
        resolve(undefined);
      }, budgetMs);
      await promise;
      clearTimeout(timer);
    }
    clearInterval(this.#sweeper);
  }

  #begin(turn: StageTurn): void {
    this.#active += 1;
    this.#turns.add(turn);
    void this.#work(turn);
  }

  async #work(turn: StageTurn): Promise<void> {
    const span = this.surroundings.tracer?.begin(
      this.stage.name,
      subjects.stage(this.stage.name),
      turn.envelope,
      turn.trace,
      turn.envelope.dispatchedAt,
    );
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
      this.#turns.remove(turn);
      this.#active -= 1;
      this.#next();
    }
  }

  #next(): void {
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) {
      if (waiting.deadline < Date.now()) continue; // ingress has answered already
      if (this.surroundings.cancelled.has(waiting.envelope.id)) this.#fail(waiting, clientGone());
      else {
        this.#begin(waiting);
        return;
      }
    }
    if (this.#active === 0) this.#idle?.();
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
    envelope.timings.push([this.stage.name, turn.elapsedMs]);
    if (body !== undefined && this.surroundings.claims.needed(body.byteLength)) return this.#forwardClaimed(turn, next, body);
    if (body === undefined && turn.body.claim !== undefined)
      this.#pass(turn, next, undefined, `${turn.body.byteLength}:${turn.body.claim}`);
    else this.#pass(turn, next, body ?? turn.body.inline, undefined);
    return undefined;
  }

  async #forwardClaimed(turn: StageTurn, next: string, body: Uint8Array): Promise<void> {
    const name = replacedBodyName(turn.envelope.id, turn.attempt, this.stage.name);
    await this.surroundings.claims.put(name, body);
    this.#pass(turn, next, undefined, `${body.byteLength}:${name}`);
  }

  #pass(turn: StageTurn, next: string, rest: Uint8Array | undefined, claim: string | undefined): void {
    const text = JSON.stringify(turn.envelope);
    const textBytes = Buffer.byteLength(text);
    if (textBytes > headAllowanceBytes)
      throw new SluiceError('internal_error', 'What the stages found outgrew the envelope.', { stage: this.stage.name });
    const headers = new HeaderBlock()
      .set(headerNames.envelope, textBytes)
      .set(headerNames.deadline, turn.deadline === Number.POSITIVE_INFINITY ? undefined : turn.deadline)
      .set(headerNames.attempt, turn.attempt)
      .set(headerNames.slip, turn.remaining.length > 1 ? turn.remaining.slice(1).join(',') : undefined)
      .set(headerNames.claim, claim)
      .set(headerNames.traceparent, turn.trace?.traceparent)
      .set(headerNames.tracestate, turn.trace?.tracestate);
    publishMessage(this.surroundings.connection, { subject: subjects.stage(next), reply: turn.reply, headers, text, textBytes, rest });
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
    const text = JSON.stringify(answer);
    const textBytes = Buffer.byteLength(text);
    const headers = new HeaderBlock()
      .set(headerNames.type, 'final')
      .set(headerNames.attempt, turn.attempt)
      .set(headerNames.envelope, textBytes)
      .set(headerNames.claim, claim);
    publishMessage(this.surroundings.connection, { subject: turn.reply, headers, text, textBytes, rest: body });
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
      timings: [...envelope.timings, [this.stage.name, turn.elapsedMs]],
    };
    if (this.surroundings.connection.isClosed()) return;
    try {
      turn.send('error', failure);
    } catch {
      // Larger than a message: what was found goes, for the error must come, and a throw here would end the process.
      turn.send('error', { ...failure, found: {}, guards: [], timings: [] } satisfies Failure);
    }
  }

  #overloaded(turn: StageTurn): void {
    this.surroundings.observe(this.stage.name, 'overloaded', 0);
    if (this.stage.onOverload === 'pass' && turn.remaining.length > 0) {
      const run = { guard: this.stage.name, ran: false, reason: 'overloaded' };
      void this.#forward(turn, undefined, [run], undefined); // without a new body nothing is awaited
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
    if (message.reply === undefined || message.reply === '' || this.surroundings.connection.isClosed()) return;
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
    for (const turn of this.#turns) {
      if (turn.deadline < now) turn.abort(new SluiceError('deadline_exceeded', 'The request took longer than its time limit.'));
    }
    while (this.#waiting[0] !== undefined && this.#waiting[0].deadline < now) this.#waiting.shift();
  }
}

function clientGone(): SluiceError {
  return new SluiceError('client_closed_request', 'The client closed the connection.');
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
    timings: [...envelope.timings, [stage, turn.elapsedMs]],
  };
}
