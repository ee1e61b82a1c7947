import { headers as headerNames, SluiceError, subjects, type Answer, type Failure, type UnmaskTable } from '@sluice/contracts';
import type { Msg } from 'nats';
import type { Dispatch, Exchange, ExchangeListener } from './bus.ts';
import { CallHolder } from './call-holder.ts';
import type { DispatcherSurroundings } from './dispatcher-surroundings.ts';
import { ExchangeBodies } from './exchange-bodies.ts';
import { decodeFrame } from './frame.ts';
import { IncomingStream } from './incoming-stream.ts';
import { liveSlip } from './live-slip.ts';
import { publishRequest } from './publish-request.ts';
import type { Rostered } from './roster.ts';
import { instanceOf, readAccepted, toAnswer, toFailure } from './read-inbox-message.ts';
import type { OpenInbox } from './inbox.ts';
import { headerReader, type HeaderReader } from './incoming-headers.ts';

/** Times a request is sent round in all. Each needs its own claim to reach a provider, so more cannot double a call. */
const attemptLimit = 4;
/** Pause before a request whose first stage had no subscriber is sent again: a restart takes about this long. */
const noSubscriberPauseMs = 200;
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
  readonly #listener: ExchangeListener;
  readonly #surroundings: DispatcherSurroundings;
  readonly #onClosed: (exchange: OpenExchange) => void;
  readonly #inbox: OpenInbox;
  readonly #bodies: ExchangeBodies;
  #attempt = 0;
  #dispatchedAt = 0;
  /** When to send again because nobody subscribed to the first stage. */
  #retryAt: number | undefined;
  readonly #holder: CallHolder;
  /** From its first chunk on. */
  #stream: IncomingStream | undefined;
  #cancelledAt: number | undefined;
  /** Ended here, and not by an answer. */
  #unanswered = false;
  #closed = false;

  constructor(
    request: Dispatch,
    listener: ExchangeListener,
    surroundings: DispatcherSurroundings,
    onClosed: (exchange: OpenExchange) => void,
  ) {
    this.#request = request;
    this.requestId = request.envelope.id;
    this.#listener = listener;
    this.#surroundings = surroundings;
    this.#onClosed = onClosed;
    this.#holder = new CallHolder(surroundings.presence);
    this.#bodies = new ExchangeBodies(surroundings.claims, this.requestId);
    this.#inbox = surroundings.inbox.open(this.requestId, (message) => {
      this.#receive(message);
    });
  }

  get callsUnknown(): boolean {
    return this.#attempt > 1 || (this.#unanswered && this.#attempt > 0);
  }

  start(): void {
    if (this.#bodies.isLarge(this.#request.body)) void this.#startClaimed();
    else this.#send();
  }

  async #startClaimed(): Promise<void> {
    try {
      await this.#bodies.store(this.#request.body);
      if (this.#closed) this.#bodies.forget(this.#attempt, this.#request.slip);
      else this.#send();
    } catch (thrown) {
      this.fail(SluiceError.from(thrown));
    }
  }

  /** Sends the request round. */
  #send(): void {
    const slip = liveSlip(this.#request, this.#surroundings.presence);
    if (slip instanceof SluiceError) {
      this.fail(slip);
      return;
    }
    this.#attempt += 1;
    this.#retryAt = undefined;
    this.#dispatchedAt = Date.now();
    publishRequest(this.#surroundings.connection, {
      slip,
      envelope: { ...this.#request.envelope, dispatchedAt: this.#dispatchedAt, guards: slip.skipped },
      body: this.#bodies.claim === undefined ? this.#request.body : undefined,
      claim: this.#bodies.claim,
      deadline: this.#request.deadline,
      attempt: this.#attempt,
      trace: this.#request.trace,
      reply: this.#inbox.subject,
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
    if (this.#bodies.areMoving) return;
    if (this.#stream !== undefined) {
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
    if (this.#stream !== undefined && attempt !== this.#stream.attempt) return;
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
    const open = this.#cancelledAt === undefined && this.#stream === undefined;
    message.respond(open && this.#holder.claim(instanceOf(message), attempt) ? 'granted' : 'denied');
  }

  #chunk(message: Msg, attempt: number, read: HeaderReader): void {
    const sequence = Number(read(headerNames.sequence));
    const due = this.#stream?.length ?? 0;
    if (sequence !== due) {
      this.#surroundings.connection.publish(subjects.cancel(this.requestId));
      this.#partLost(`chunk ${sequence} came for ${due}`);
      return;
    }
    let bytes = message.data;
    if (this.#stream === undefined) {
      this.#stream = new IncomingStream(attempt, this.#surroundings.connection, message.reply ?? '');
      bytes = this.#streamHead(message, attempt, read);
    } else {
      this.#stream.count();
    }
    if (this.#cancelledAt === undefined) this.#listener.chunk(bytes, this.#stream.written);
  }

  /** @returns what follows the head in the first chunk */
  #streamHead(message: Msg, attempt: number, read: HeaderReader): Uint8Array {
    const instance = read(headerNames.instance);
    if (instance !== '') this.#holder.streams(instance, attempt);
    const { head, rest } = decodeFrame(message.data, read(headerNames.envelope));
    const answer = this.#holder.withLostCalls(toAnswer(head), attempt);
    if (this.#cancelledAt === undefined) this.#listener.head(answer);
    return rest;
  }

  #partLost(cause: string): void {
    this.fail(new SluiceError('provider_error', 'A part of the stream was lost on the way; retry.', {}, new Error(cause)));
  }

  #final(message: Msg, attempt: number, read: HeaderReader): void {
    const { head, rest } = decodeFrame(message.data, read(headerNames.envelope));
    const sequence = read(headerNames.sequence);
    if (sequence !== '' && Number(sequence) !== (this.#stream?.length ?? 0)) {
      this.#partLost(`the end came after ${sequence} chunks, ${this.#stream?.length ?? 0} of them arrived`);
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
    try {
      const body = await this.#bodies.take(claim);
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
    this.#unanswered = this.#stream === undefined;
    if (this.#unanswered) this.#holder.lose();
    const attempts = this.#unanswered ? this.#holder.lostCalls : [];
    this.#error({ error: error.toWire(), attempts, found: this.#request.envelope.found, guards: [], timings: [] });
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
    this.#stream?.close();
    this.#surroundings.inbox.close(this.#inbox);
    this.#onClosed(this);
    this.#bodies.forget(this.#attempt, this.#request.slip);
    tell();
  }
}
