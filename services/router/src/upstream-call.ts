import type { IncomingHttpHeaders } from 'node:http';
import type { ProviderConfig } from '@sluice/contracts';
import type { Dispatcher } from 'undici';
import { type AttemptFailure, failureOfError } from './attempt-failure.ts';
import type { Transport } from './providers/provider-adapter.ts';

export interface UpstreamRequest {
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** More headers: what makes the call the account's own. */
  readonly authorization: readonly string[] | Promise<readonly string[]>;
  readonly body: Uint8Array;
}

export interface UpstreamLimits {
  readonly timeouts: ProviderConfig['timeouts'];
  /** Epoch ms. */
  readonly deadline: number;
  readonly maxAnswerBytes: number;
  readonly clock: () => number;
}

/** Takes the bytes of a stream as they come. */
export interface StreamSink {
  data(bytes: Buffer): void;
  end(): void;
  fail(failure: AttemptFailure): void;
}

export type UpstreamOutcome =
  | { readonly kind: 'whole'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure };

/**
 * One HTTP call, straight on undici's `dispatch`: no Readable, no AbortSignal and no timer of its own. Its owner calls
 * {@link sweep} now and then. It settles exactly once, also when it is aborted before a connection was free.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  readonly #limits: UpstreamLimits;
  readonly #sink: StreamSink | undefined;
  readonly #startedAt: number;
  readonly #parts: Buffer[] = [];
  #resolve!: (outcome: UpstreamOutcome) => void;
  #onLeaving: (() => void) | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #byteLength = 0;
  #headers: IncomingHttpHeaders = {};
  #streaming = false;
  #paused = false;
  #lastByteAt = 0;
  /** Its first byte has left, or leaves now: before, it waits for credentials or a connection, and nobody bills it. */
  left = false;
  /** 0 until the answer's head has come. */
  status = 0;
  /** Milliseconds from the start to the answer's head. */
  firstByteMs = 0;

  /** `sink` takes a successful answer that is an event stream; all else is collected. */
  constructor(limits: UpstreamLimits, sink: StreamSink | undefined) {
    this.#limits = limits;
    this.#sink = sink;
    this.#startedAt = limits.clock();
  }

  /**
   * Resolves with a collected answer or a failure; for a stream only when it fails before its sink took over.
   * @param onLeaving called once, on a connection that stands and before the first byte is written to it
   */
  send(transport: Transport, request: UpstreamRequest, onLeaving?: () => void): Promise<UpstreamOutcome> {
    this.#onLeaving = onLeaving;
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const { path, headers, authorization, body } = request;
      const dispatch = (authorized: readonly string[]): void => {
        if (this.#settled) return; // given up while its credentials were fetched
        transport.dispatch({ path, method: 'POST', headers: [...headers, ...authorized], body }, this);
      };
      if (!(authorization instanceof Promise)) {
        dispatch(authorization);
        return;
      }
      authorization.then(dispatch).catch((cause: unknown) => {
        this.fail({ kind: 'credentials', status: 0, disposition: 'next', cause });
      });
    });
  }

  /** Undici calls this in the turn in which it writes the request's head, and once: it sends no POST a second time. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#settled) {
      controller.abort(new Error('the call was given up while it waited for a connection'));
      return;
    }
    this.left = true;
    this.#onLeaving?.();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    const now = this.#limits.clock();
    this.status = status;
    this.#headers = headers;
    this.firstByteMs = now - this.#startedAt;
    this.#lastByteAt = now;
    this.#streaming = this.#sink !== undefined && status === 200 && eventStream.test(headers['content-type'] ?? '');
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    if (this.#settled) return;
    this.#lastByteAt = this.#limits.clock();
    if (this.#streaming) {
      this.#sink?.data(bytes);
      return;
    }
    this.#byteLength += bytes.byteLength;
    if (this.#byteLength > this.#limits.maxAnswerBytes) this.fail({ kind: 'answer_too_large', status: this.status, disposition: 'next' });
    else this.#parts.push(bytes);
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#streaming) this.#sink?.end();
    else this.#resolve({ kind: 'whole', status: this.status, headers: this.#headers, body: this.#collected() });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(failureOfError(error, this.status !== 0));
  }

  /** Ends the call now; the connection is closed, for its answer is still under way. */
  fail(failure: AttemptFailure): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#controller?.abort(new Error(failure.kind));
    if (this.#streaming) this.#sink?.fail(failure);
    this.#resolve({ kind: 'failed', failure });
  }

  /** Stops reading from the socket until {@link resume}: what a slow client does not take stays with the provider. */
  pause(): void {
    if (this.#paused || this.#settled) return;
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#lastByteAt = this.#limits.clock();
    if (!this.#settled) this.#controller?.resume();
  }

  /** Fails the call where a time limit has passed. `awaitingContent`: the stream has not said anything yet. */
  sweep(now: number, awaitingContent: boolean): void {
    if (this.#settled) return;
    const { timeouts, deadline } = this.#limits;
    const age = now - this.#startedAt;
    if (now >= deadline) this.fail({ kind: 'deadline', status: this.status, disposition: 'final' });
    else if (age >= timeouts.total) this.fail(timedOut('timeout', this.status));
    else if (awaitingContent && age >= timeouts.firstToken) this.fail(timedOut('timeout_first_token', this.status));
    else if (this.status !== 0 && !this.#paused && now - this.#lastByteAt >= timeouts.betweenChunks)
      this.fail(timedOut('timeout_between_chunks', this.status));
  }

  #collected(): Buffer {
    const [first] = this.#parts;
    return this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts, this.#byteLength);
  }
}

/** Server-sent events, and the frames of Amazon's. */
const eventStream = /text\/event-stream|application\/vnd\.amazon\.eventstream/i;

/** A provider that hung once most likely hangs again: the next target is asked at once. */
function timedOut(kind: string, status: number): AttemptFailure {
  return { kind, status, disposition: 'next' };
}
