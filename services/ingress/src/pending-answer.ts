import type { ServerResponse } from 'node:http';
import type { Exchange, ExchangeListener } from '@sluice/bus';
import { SluiceError, type Answer, type Envelope, type Failure, type UnmaskTable } from '@sluice/contracts';
import { createRestorer, errorBody, errorEvent, type StreamRestorer } from '@sluice/dialects';
import type { PlainAnswer } from './idempotent-requests.ts';
import { answerHeaders } from './answer-headers.ts';
import { AnswerRecording } from './answer-recording.ts';
import { countContentBytes } from './content-bytes.ts';
import { estimateAttempts, type PriceCall } from './estimate-attempts.ts';
import type { Ending } from './usage-events.ts';

/** What a finished request leads to, after the client has its answer. */
export interface AnswerSinks {
  settled(envelope: Envelope, told: Answer | Failure, ending: Ending): void;
  refused(envelope: Envelope, failure: Failure, ending: Ending): void;
  /** Present where a repeat of the request shall get this very answer; not called for streams and errors. */
  readonly repeatable?: ((answer: PlainAnswer) => void) | undefined;
  /** An answer that the cache may keep: its plain form, still masked. */
  keep(envelope: Envelope, answer: Answer, completion: Uint8Array): void;
  /** Exactly once, whatever happened. */
  done(): void;
}

/** What it takes to settle calls whose holder died. */
export interface EstimateTools {
  readonly requestBytes: number;
  readonly price: PriceCall;
}

const eventStream = 'text/event-stream';
const noTable: UnmaskTable = {};

/**
 * One HTTP answer in the making: takes what the bus says of the request and writes it to the client, with the masked
 * values back in their places.
 */
export class PendingAnswer implements ExchangeListener {
  readonly #response: ServerResponse;
  readonly #envelope: Envelope;
  readonly #sinks: AnswerSinks;
  readonly #clock: () => number;
  readonly #estimates: EstimateTools;
  readonly #startedAt: number;
  #exchange: Exchange | undefined;
  #table: UnmaskTable = noTable;
  #restorer: StreamRestorer | undefined;
  #recording: AnswerRecording | undefined;
  /** Head of a stream that has begun. */
  #head: Answer | undefined;
  /** Model output that has come, for an estimate where the end does not say. */
  #contentBytes = 0;
  #timeToFirstTokenMs: number | undefined;
  /** Why the gateway itself ended the answer, while the end of the exchange is still to come. */
  #broken: SluiceError | undefined;
  /** Chunks handed to a client that reads slowly; credit for them waits for `drain`. */
  #unwritten: (() => void)[] = [];
  #gone = false;
  #ended = false;

  constructor(response: ServerResponse, envelope: Envelope, sinks: AnswerSinks, estimates: EstimateTools, clock: () => number) {
    this.#response = response;
    this.#envelope = envelope;
    this.#sinks = sinks;
    this.#estimates = estimates;
    this.#clock = clock;
    this.#startedAt = clock();
  }

  /** Ties the answer to its exchange. @param onDisconnect what becomes of the provider call when the client leaves */
  begin(exchange: Exchange, onDisconnect: 'cancel' | 'drain'): void {
    this.#exchange = exchange;
    const leave = (): void => {
      if (this.#ended || this.#response.writableFinished) return;
      this.#gone = true;
      this.#giveCredit();
      if (onDisconnect === 'cancel') exchange.cancel();
    };
    if (this.#response.destroyed)
      leave(); // the client left while its key was being looked up
    else this.#response.once('close', leave);
  }

  unmask(table: UnmaskTable): void {
    this.#table = table;
  }

  head(answer: Answer): void {
    this.#head = answer;
    this.#timeToFirstTokenMs = this.#elapsedMs();
    if (Object.keys(this.#table).length > 0) this.#restorer = createRestorer(this.#envelope.dialect, this.#table).stream();
    if (answer.found.cache?.storeKey !== undefined) this.#recording = new AnswerRecording(this.#envelope.dialect);
    if (this.#gone) return;
    this.#response.writeHead(answer.status, {
      ...answerHeaders(this.#envelope, answer, this.#timeToFirstTokenMs),
      'content-type': answer.contentType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
    this.#response.on('drain', () => {
      this.#giveCredit();
    });
  }

  chunk(bytes: Uint8Array, written: () => void): void {
    this.#contentBytes += countContentBytes(this.#envelope.dialect, bytes);
    if (this.#gone || this.#broken !== undefined) {
      this.#recording?.push(bytes); // a drained answer is still worth keeping
      written();
      return;
    }
    this.#recording?.push(bytes);
    let restored: Uint8Array;
    try {
      restored = this.#restorer === undefined ? bytes : this.#restorer.push(bytes);
    } catch (thrown) {
      this.#breakOff(SluiceError.from(thrown));
      written();
      return;
    }
    if (restored.byteLength === 0 || this.#response.write(restored)) written();
    else this.#unwritten.push(written);
  }

  final(answer: Answer, body: Uint8Array): void {
    const error = this.#broken ?? this.#finish(answer, body);
    this.#settle(this.#estimated(answer, false), error);
    if (error === undefined) this.#keep(answer, body);
    this.#sinks.done();
  }

  error(failure: Failure): void {
    const error = this.#broken ?? SluiceError.fromWire(failure.error);
    if (error.code === 'client_closed_request' && !this.#gone) {
      this.#gone = true; // it stopped reading without closing
      this.#response.destroy();
    }
    if (!this.#gone && this.#broken === undefined) this.#writeError(error, failure);
    const head = this.#head;
    if (head === undefined && failure.attempts.length === 0) this.#refuse(failure, error);
    // What ends a stream that had begun may come from the bus, which knows of no attempts: the head does.
    else {
      const told = head === undefined ? failure : { ...head, attempts: failure.attempts.length > 0 ? failure.attempts : head.attempts };
      this.#settle(this.#estimated(told, head !== undefined), error);
    }
    this.#sinks.done();
  }

  /** With a usage for calls whose holder died. @param broken a stream had begun, and nobody told how it ended */
  #estimated<Told extends Answer | Failure>(told: Told, broken: boolean): Told {
    if (this.#envelope.dialect === 'anthropic-count-tokens') return told; // counting costs nothing
    const { requestBytes, price } = this.#estimates;
    if (!broken && !told.attempts.some((attempt) => attempt.failure === 'holder_lost')) return told;
    const seen = { requestBytes, contentBytes: broken ? this.#contentBytes : undefined, now: Date.now() };
    return { ...told, attempts: estimateAttempts(told.attempts, seen, price) };
  }

  #refuse(failure: Failure, error: SluiceError): void {
    this.#close();
    this.#sinks.refused(this.#envelope, failure, {
      outcome: 'failed',
      status: this.#gone ? 499 : error.status,
      errorCode: error.code,
      latencyMs: this.#elapsedMs(),
      callsUnknown: this.#exchange?.callsUnknown === true,
    });
  }

  #settle(told: Answer | Failure, error: SluiceError | undefined): void {
    this.#close();
    this.#sinks.settled(this.#envelope, told, {
      outcome: this.#gone ? 'cancelled' : error === undefined ? 'completed' : 'failed',
      status: this.#gone ? 499 : this.#response.statusCode,
      ...(error === undefined ? {} : { errorCode: error.code }),
      latencyMs: this.#elapsedMs(),
      timeToFirstTokenMs: this.#timeToFirstTokenMs,
      callsUnknown: this.#exchange?.callsUnknown === true,
    });
  }

  /** Writes the rest of the answer; gives the error that it told the client instead, if it could not. */
  #finish(answer: Answer, body: Uint8Array): SluiceError | undefined {
    // A client that left may repeat its request: what was drained is there for it.
    if (this.#gone && (this.#head !== undefined || this.#sinks.repeatable === undefined)) return undefined;
    try {
      if (this.#head === undefined) this.#plain(answer, body);
      else this.#endStream();
      return undefined;
    } catch (thrown) {
      const error = SluiceError.from(thrown);
      if (!this.#gone) this.#writeError(error, answer);
      return error;
    }
  }

  /** Ends a stream that cannot be read on; the usage of the call is still waited for. */
  #breakOff(error: SluiceError): void {
    this.#broken = error;
    this.#restorer = undefined;
    this.#recording = undefined;
    this.#response.end(errorEvent(this.#envelope.dialect, error, this.#envelope.id));
    this.#giveCredit();
    this.#exchange?.cancel();
  }

  #plain(answer: Answer, body: Uint8Array): void {
    const restored = this.#restorePlain(answer.contentType, body);
    const headers = {
      ...answerHeaders(this.#envelope, answer, this.#elapsedMs()),
      'content-type': answer.contentType,
      'content-length': restored.byteLength,
    };
    if (answer.status === 200 && !this.#envelope.stream) this.#sinks.repeatable?.({ status: 200, headers, body: restored });
    if (this.#gone) return;
    this.#response.writeHead(answer.status, headers);
    this.#response.end(restored);
  }

  #restorePlain(contentType: string, body: Uint8Array): Uint8Array {
    if (this.#table === noTable) return body;
    const restorer = createRestorer(this.#envelope.dialect, this.#table);
    if (!contentType.startsWith(eventStream)) return restorer.plain(body);
    const stream = restorer.stream(); // a cached answer replayed as a whole stream
    return Buffer.concat([stream.push(body), stream.end()]);
  }

  #endStream(): void {
    const rest = this.#restorer?.end();
    if (rest !== undefined && rest.byteLength > 0) this.#response.write(rest);
    this.#response.end();
  }

  /** An error as the client's dialect has it: a body where nothing was written yet, else the last event. */
  #writeError(error: SluiceError, told: Failure | Answer): void {
    const { dialect, id } = this.#envelope;
    if (this.#response.headersSent) {
      this.#writeRest();
      this.#response.end(errorEvent(dialect, error, id));
      return;
    }
    const { retryAfterSeconds } = error;
    const body = Buffer.from(errorBody(dialect, error, id));
    this.#response.writeHead(error.status, {
      ...answerHeaders(this.#envelope, told, this.#elapsedMs()),
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.byteLength,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    });
    this.#response.end(body);
  }

  /** What the restorer still holds back goes out before an error event, if it can be read at all. */
  #writeRest(): void {
    try {
      const rest = this.#restorer?.end();
      if (rest !== undefined && rest.byteLength > 0) this.#response.write(rest);
    } catch {
      // the error event that follows says that the stream is broken
    }
  }

  #keep(answer: Answer, body: Uint8Array): void {
    if (answer.found.cache?.storeKey === undefined || answer.status !== 200) return;
    // Vectors have no end; whatever else did not come to its own is not kept.
    if (answer.finishReason !== 'stop' && this.#envelope.dialect !== 'openai-embeddings') return;
    const completion = this.#recording === undefined ? body : this.#recording.completion();
    if (completion !== undefined && completion.byteLength > 0) this.#sinks.keep(this.#envelope, answer, completion);
  }

  #giveCredit(): void {
    const waiting = this.#unwritten;
    this.#unwritten = [];
    for (const written of waiting) written();
  }

  #close(): void {
    this.#ended = true;
    this.#unwritten = [];
  }

  #elapsedMs(): number {
    return this.#clock() - this.#startedAt;
  }
}
