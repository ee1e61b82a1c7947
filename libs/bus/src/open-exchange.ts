import {
  headers as headerNames,
  SluiceError,
  subjects,
  type Answer,
  type Envelope,
  type Failure,
  type UnmaskTable,
} from '@sluice/contracts';
import type { Msg, NatsConnection } from 'nats';
import type { Dispatch, Exchange, ExchangeListener, PresenceTable } from './bus.ts';
import { CallHolder } from './call-holder.ts';
import { parseClaim, replacedBodyName, type ClaimCheck } from './claim-check.ts';
import { decodeFrame } from './frame.ts';
import { HeaderBlock } from './header-block.ts';
import { publishMessage } from './publish-message.ts';
import type { Rostered } from './roster.ts';
import { instanceOf, readAccepted, toAnswer, toFailure } from './read-inbox-message.ts';
import type { Inbox, OpenInbox } from './inbox.ts';
import { headerReader, type HeaderReader } from './incoming-headers.ts';

/** What the process that dispatches requests brings along. */
export interface DispatcherSurroundings {
  readonly connection: NatsConnection;
  readonly inbox: Inbox;
  readonly claims: ClaimCheck;
  readonly presence: PresenceTable;
  readonly log: { warn(fields: object, message: string): void };
}

/** Times a request is sent round in all. Each needs its own claim to reach a provider, so more cannot double a call. */
const attemptLimit = 4;
/** Pause before a request whose first stage had no subscriber is sent again: a restart takes about this long. */
const noSubscriberPauseMs = 200;
/** Credit is given for this many chunks at once. */
const creditEvery = 16;
/** Whoever holds a request ends it at the deadline and tells what was used; ingress waits this much longer to hear it. */
const deadlineGraceMs = 250;
/** A cancelled request is kept this long for the usage that the router reports. */
const cancelGraceMs = 5_000;

/** One request under way, from its dispatch to its one end. */
export class OpenExchange implements Exchange, Rostered {
  /** In the dispatcher's roster. */
  place = 0;
  readonly requestId: string;
  readonly #request: Dispatch;
  readonly #envelope: Envelope;
  readonly #listener: ExchangeListener;
  readonly #surroundings: DispatcherSurroundings;
  readonly #onClosed: (exchange: OpenExchange) => void;
  readonly #inbox: OpenInbox;
  #claim: string | undefined;
  #attempt = 0;
  #dispatchedAt = 0;
  /** When to send again because nobody subscribed to the first stage. */
  #retryAt: number | undefined;
  readonly #holder: CallHolder;
  /** Attempt whose stream has begun; messages of others no longer count. */
  #streaming: number | undefined;
  #nextSequence = 0;
  #consumed = 0;
  #creditSubject = '';
  #cancelledAt: number | undefined;
  /** A large body is on its way to the object store, or a large answer from it: nobody else is waited for. */
  #storing = false;
  #closed = false;

  constructor(
    request: Dispatch,
    listener: ExchangeListener,
    surroundings: DispatcherSurroundings,
    onClosed: (exchange: OpenExchange) => void,
  ) {
    this.#request = request;
    this.#envelope = request.envelope;
    this.requestId = request.envelope.id;
    this.#listener = listener;
    this.#surroundings = surroundings;
    this.#onClosed = onClosed;
    this.#holder = new CallHolder(surroundings.presence);
    this.#inbox = surroundings.inbox.open(this.requestId, (message) => {
      this.#receive(message);
    });
  }

  start(): void {
    if (this.#surroundings.claims.needed(this.#request.body.byteLength)) void this.#startClaimed();
    else this.#send();
  }

  async #startClaimed(): Promise<void> {
    const { claims } = this.#surroundings;
    this.#storing = true;
    try {
      await claims.put(this.requestId, this.#request.body);
      this.#storing = false;
      this.#claim = `${this.#request.body.byteLength}:${this.requestId}`;
      if (this.#closed) void claims.delete(this.requestId);
      else this.#send();
    } catch (thrown) {
      this.fail(SluiceError.from(thrown));
    }
  }

  /** Sends the request round; the slip is made anew, for stages come and go between attempts. */
  #send(): void {
    const slip: string[] = [];
    const skipped: Envelope['guards'] = [];
    for (const stage of this.#request.slip) {
      if (this.#surroundings.presence.isLive(stage)) {
        slip.push(stage);
      } else if (this.#request.onUnavailable(stage) === 'skip') {
        skipped.push({ guard: stage, ran: false, reason: 'unavailable' });
      } else {
        this.fail(new SluiceError('stage_unavailable', `The stage "${stage}" is not available; retry shortly.`, { stage }));
        return;
      }
    }
    const [first, ...rest] = slip;
    if (first === undefined) {
      this.fail(new SluiceError('stage_unavailable', 'No stage of the pipeline is available; retry shortly.'));
      return;
    }
    this.#attempt += 1;
    this.#retryAt = undefined;
    this.#dispatchedAt = Date.now();
    const envelope: Envelope = { ...this.#envelope, dispatchedAt: this.#dispatchedAt, guards: skipped };
    const text = JSON.stringify(envelope);
    const textBytes = Buffer.byteLength(text);
    const headers = new HeaderBlock()
      .set(headerNames.envelope, textBytes)
      .set(headerNames.deadline, this.#request.deadline)
      .set(headerNames.attempt, this.#attempt)
      .set(headerNames.slip, rest.length > 0 ? rest.join(',') : undefined)
      .set(headerNames.claim, this.#claim)
      .set(headerNames.traceparent, this.#request.trace?.traceparent)
      .set(headerNames.tracestate, this.#request.trace?.tracestate);
    const body = this.#claim === undefined ? this.#request.body : undefined;
    publishMessage(this.#surroundings.connection, {
      subject: subjects.stage(first),
      reply: this.#inbox.subject,
      headers,
      text,
      textBytes,
      rest: body,
    });
  }

  /** Looks at deadline, hop budget and the life of whoever holds the request. */
  check(now: number, hopBudgetMs: number): void {
    if (this.#cancelledAt !== undefined) {
      if (now - this.#cancelledAt > cancelGraceMs) this.fail(new SluiceError('client_closed_request', 'The client closed the connection.'));
      return;
    }
    if (now > this.#request.deadline + deadlineGraceMs) {
      this.#surroundings.connection.publish(subjects.cancel(this.requestId));
      this.fail(
        new SluiceError('deadline_exceeded', 'The request took longer than its time limit; x-request-timeout-ms or the policy sets it.'),
      );
      return;
    }
    if (this.#storing) return;
    if (this.#streaming !== undefined) {
      this.#checkStreamHolder();
      return;
    }
    if (this.#retryAt !== undefined) {
      if (now >= this.#retryAt) this.#send();
      return;
    }
    if (this.#holder.isKnown) {
      if (!this.#holder.lives && this.#surroundings.presence.isLive(this.#request.slip.at(-1) ?? '')) {
        this.#holder.lose();
        this.#sendAgain();
      }
      return;
    }
    if (now - this.#dispatchedAt > hopBudgetMs) this.#sendAgain();
  }

  #sendAgain(): void {
    if (this.#attempt >= attemptLimit) {
      this.fail(new SluiceError('stage_unavailable', 'The stages did not answer in time; retry shortly.'));
      return;
    }
    this.#surroundings.log.warn({ requestId: this.requestId, attempt: this.#attempt + 1 }, 'request sent round again');
    this.#send();
  }

  #checkStreamHolder(): void {
    if (!this.#holder.isKnown || this.#holder.lives) return;
    this.fail(new SluiceError('provider_error', 'The stream broke off: the process that served it stopped.'));
  }

  #receive(message: Msg): void {
    if (this.#closed) return;
    try {
      this.#handle(message);
    } catch (thrown) {
      this.#surroundings.log.warn({ requestId: this.requestId, err: thrown }, 'malformed inbox message');
      this.fail(SluiceError.from(thrown));
    }
  }

  #handle(message: Msg): void {
    if (message.data.byteLength === 0 && message.headers?.code === 503) {
      this.#retryAt ??= Date.now() + noSubscriberPauseMs;
      this.#attempt -= 1; // nobody received it, so it was no attempt
      return;
    }
    const read = headerReader(message);
    const type = read(headerNames.type);
    const attempt = Number(read(headerNames.attempt)) || 1;
    if (type === 'claim') {
      this.#grant(message, attempt);
      return;
    }
    if (this.#streaming !== undefined && attempt !== this.#streaming) return;
    switch (type) {
      case 'accepted':
        this.#accept(message, attempt);
        return;
      case 'unmask':
        this.#listener.unmask(message.json<UnmaskTable>());
        return;
      case 'chunk':
        this.#chunk(message, attempt, read);
        return;
      case 'final':
        this.#final(message, attempt, read);
        return;
      case 'error':
        this.#error(this.#holder.withLostCalls(toFailure(message.json()), attempt));
        return;
      default:
        return;
    }
  }

  #accept(message: Msg, attempt: number): void {
    const { instance, call } = readAccepted(message);
    this.#holder.accept(instance, attempt, call);
  }

  #grant(message: Msg, attempt: number): void {
    const open = this.#cancelledAt === undefined && this.#streaming === undefined;
    message.respond(open && this.#holder.claim(instanceOf(message), attempt) ? 'granted' : 'denied');
  }

  #chunk(message: Msg, attempt: number, read: HeaderReader): void {
    const sequence = Number(read(headerNames.sequence));
    if (sequence !== this.#nextSequence) {
      this.#surroundings.connection.publish(subjects.cancel(this.requestId));
      this.fail(
        new SluiceError(
          'provider_error',
          'A part of the stream was lost on the way; retry.',
          {},
          new Error(`chunk ${sequence} came for ${this.#nextSequence}`),
        ),
      );
      return;
    }
    this.#nextSequence += 1;
    let bytes = message.data;
    if (sequence === 0) {
      this.#streaming = attempt;
      this.#creditSubject = message.reply ?? '';
      const instance = read(headerNames.instance);
      if (instance !== '') this.#holder.streams(instance, attempt);
      const { head, rest } = decodeFrame(message.data, read(headerNames.envelope));
      const answer = this.#holder.withLostCalls(toAnswer(head), attempt);
      if (this.#cancelledAt === undefined) this.#listener.head(answer);
      bytes = rest;
    }
    if (this.#cancelledAt === undefined) this.#listener.chunk(bytes, this.#written);
  }

  readonly #written = (): void => {
    this.#consumed += 1;
    if (this.#consumed % creditEvery === 0 && !this.#closed)
      this.#surroundings.connection.publish(this.#creditSubject, String(this.#consumed));
  };

  #final(message: Msg, attempt: number, read: HeaderReader): void {
    const { head, rest } = decodeFrame(message.data, read(headerNames.envelope));
    const sequence = read(headerNames.sequence);
    if (sequence !== '' && Number(sequence) !== this.#nextSequence) {
      this.fail(new SluiceError('provider_error', 'A part of the stream was lost on the way; retry.'));
      return;
    }
    const answer = this.#holder.withLostCalls(toAnswer(head), attempt);
    const claim = read(headerNames.claim);
    if (claim === '') {
      this.#finish(() => {
        this.#listener.final(answer, rest);
      });
    } else {
      void this.#finalClaimed(answer, claim);
    }
  }

  async #finalClaimed(answer: Answer, claim: string): Promise<void> {
    this.#storing = true;
    try {
      const [name] = parseClaim(claim);
      const body = await this.#surroundings.claims.get(name);
      void this.#surroundings.claims.delete(name);
      this.#finish(() => {
        this.#listener.final(answer, body);
      });
    } catch (thrown) {
      this.fail(SluiceError.from(thrown));
    }
  }

  #error(failure: Failure): void {
    this.#finish(() => {
      this.#listener.error(failure);
    });
  }

  fail(error: SluiceError): void {
    // Of a stream that has begun its head tells. Who else holds the request did not say how its call ended.
    if (this.#streaming === undefined) this.#holder.lose();
    const attempts = this.#streaming === undefined ? this.#holder.lostCalls : [];
    this.#error({ error: error.toWire(), attempts, found: this.#envelope.found, guards: [], timings: [] });
  }

  cancel(): void {
    if (this.#closed || this.#cancelledAt !== undefined) return;
    this.#cancelledAt = Date.now();
    this.#surroundings.connection.publish(subjects.cancel(this.requestId));
  }

  /** The one way out: after it nothing is heard, and nothing is held. */
  #finish(tell: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#surroundings.inbox.close(this.#inbox);
    this.#onClosed(this);
    if (this.#claim !== undefined) void this.#forgetBodies();
    tell();
  }

  /** The body that was sent, and whatever stages put in its place under names that {@link replacedBodyName} gives. */
  async #forgetBodies(): Promise<void> {
    const { claims } = this.#surroundings;
    await claims.delete(this.requestId);
    for (let attempt = 1; attempt <= this.#attempt; attempt += 1) {
      for (const stage of this.#request.slip) await claims.delete(replacedBodyName(this.requestId, attempt, stage));
    }
  }
}
