import type { ServerResponse } from 'node:http';
import type { Exchange, ExchangeListener } from '@sluice/bus';
import { SluiceError, type Answer, type Envelope, type Failure, type UnmaskTable } from '@sluice/contracts';
import { createRestorer, errorBody, errorEvent, type StreamRestorer } from '@sluice/dialects';
import { answerHeaders } from './answer-headers.ts';
import { AnswerRecording } from './answer-recording.ts';
import type { Ending } from './usage-events.ts';

/** What a finished request leads to, after the client has its answer. */
export interface AnswerSinks {
  settled(envelope: Envelope, told: Answer | Failure, ending: Ending): void;
  refused(envelope: Envelope, failure: Failure, ending: Ending): void;
  /** An answer that the cache may keep: its plain form, still masked. */
  keep(envelope: Envelope, answer: Answer, completion: Uint8Array): void;
  /** Exactly once, whatever happened. */
  done(): void;
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
  readonly #startedAt: number;
  #exchange: Exchange | undefined;
  #table: UnmaskTable = noTable;
  #restorer: StreamRestorer | undefined;
  #recording: AnswerRecording | undefined;
  #timeToFirstTokenMs: number | undefined;
  /** Chunks handed to a client that reads slowly; credit for them waits for `drain`. */
  #unwritten: (() => void)[] = [];
  #gone = false;
  #ended = false;

  constructor(response: ServerResponse, envelope: Envelope, sinks: AnswerSinks, clock: () => number) {
    this.#response = response;
    this.#envelope = envelope;
    this.#sinks = sinks;
    this.#clock = clock;
    this.#startedAt = clock();
  }

  /** Ties the answer to its exchange. @param onDisconnect what becomes of the provider call when the client leaves */
  begin(exchange: Exchange, onDisconnect: 'cancel' | 'drain'): void {
    this.#exchange = exchange;
    this.#response.once('close', () => {
      if (this.#ended || this.#response.writableFinished) return;
      this.#gone = true;
      this.#giveCredit();
      if (onDisconnect === 'cancel') this.#exchange?.cancel();
    });
  }

  unmask(table: UnmaskTable): void {
    this.#table = table;
  }

  head(answer: Answer): void {
    this.#timeToFirstTokenMs = this.#elapsedMs();
    if (Object.keys(this.#table).length > 0) this.#restorer = createRestorer(this.#envelope.dialect, this.#table).stream();
    if (answer.found.cache?.storeKey !== undefined) this.#recording = new AnswerRecording(this.#envelope.dialect);
    if (this.#gone) return;
    this.#response.writeHead(answer.status, {
      ...answerHeaders(this.#envelope.id, answer, this.#timeToFirstTokenMs),
      'content-type': answer.contentType,
      'cache-control': 'no-cache',
      'x-accel-buffering': 'no',
    });
    this.#response.on('drain', () => {
      this.#giveCredit();
    });
  }

  chunk(bytes: Uint8Array, written: () => void): void {
    this.#recording?.push(bytes);
    const restored = this.#restorer === undefined ? bytes : this.#restorer.push(bytes);
    if (this.#gone || restored.byteLength === 0 || this.#response.write(restored)) written();
    else this.#unwritten.push(written);
  }

  final(answer: Answer, body: Uint8Array): void {
    if (this.#timeToFirstTokenMs === undefined) this.#plain(answer, body);
    else this.#endStream();
    this.#close();
    const outcome = this.#gone ? 'cancelled' : 'completed';
    this.#sinks.settled(this.#envelope, answer, {
      outcome,
      status: this.#gone ? 499 : answer.status,
      latencyMs: this.#elapsedMs(),
      timeToFirstTokenMs: this.#timeToFirstTokenMs,
    });
    this.#keep(answer, body);
    this.#sinks.done();
  }

  error(failure: Failure): void {
    const error = SluiceError.fromWire(failure.error);
    if (!this.#gone) {
      if (this.#response.headersSent) this.#errorEvent(error);
      else this.#errorBody(error, failure);
    }
    this.#close();
    const ending = {
      status: this.#gone ? 499 : error.status,
      errorCode: error.code,
      latencyMs: this.#elapsedMs(),
      timeToFirstTokenMs: this.#timeToFirstTokenMs,
    };
    if (failure.attempts.length === 0) this.#sinks.refused(this.#envelope, failure, { outcome: 'failed', ...ending });
    else this.#sinks.settled(this.#envelope, failure, { outcome: this.#gone ? 'cancelled' : 'failed', ...ending });
    this.#sinks.done();
  }

  #plain(answer: Answer, body: Uint8Array): void {
    if (this.#gone) return;
    const restored = this.#restorePlain(answer.contentType, body);
    this.#response.writeHead(answer.status, {
      ...answerHeaders(this.#envelope.id, answer, this.#elapsedMs()),
      'content-type': answer.contentType,
      'content-length': restored.byteLength,
    });
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
    if (this.#gone) return;
    const rest = this.#restorer?.end();
    if (rest !== undefined && rest.byteLength > 0) this.#response.write(rest);
    this.#response.end();
  }

  #errorEvent(error: SluiceError): void {
    const rest = this.#restorer?.end();
    if (rest !== undefined && rest.byteLength > 0) this.#response.write(rest);
    this.#response.end(errorEvent(this.#envelope.dialect, error, this.#envelope.id));
  }

  #errorBody(error: SluiceError, failure: Failure): void {
    const { retryAfterSeconds } = error;
    this.#response.writeHead(error.status, {
      ...answerHeaders(this.#envelope.id, failure, this.#elapsedMs()),
      'content-type': 'application/json; charset=utf-8',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    });
    this.#response.end(errorBody(this.#envelope.dialect, error, this.#envelope.id));
  }

  #keep(answer: Answer, body: Uint8Array): void {
    if (answer.found.cache?.storeKey === undefined || answer.status !== 200 || answer.finishReason !== 'stop') return;
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
