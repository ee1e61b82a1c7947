/** What a service can do on the bus. {@link connectBus} makes one; nothing else in the repository speaks to NATS. */
import type { Answer, AuditEvent, CacheStore, Envelope, Failure, Presence, ServiceCall, UnmaskTable, UsageEvent } from '@sluice/contracts';
import type { z } from 'zod';
import type { Body } from './body.ts';
import type { Stage } from './stage.ts';

/** Something that was opened and must be closed; closing twice is harmless. */
export interface Closable {
  close(): Promise<void>;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  /** Of a call that each instance answers for itself: the one to ask, and any other only where that is gone. */
  readonly instance?: string | undefined;
}

/** Live instances of every stage, kept from heartbeats. */
export interface PresenceTable extends Closable {
  isLive(stage: string): boolean;
  instances(stage: string): readonly Presence[];
  stages(): readonly string[];
  /** Whether an instance of any stage is there, one that is leaving but still ends what it holds included. */
  isRunning(instance: string): boolean;
  /** Called when an instance appears (`true`) or is gone (`false`). */
  onChange(listener: (stage: string, instance: string, live: boolean) => void): void;
}

/** What ingress hears of one request it dispatched. Exactly one of `final` and `error` comes last, once. */
export interface ExchangeListener {
  /** Table of replaced values, always before any chunk or final of the same attempt. */
  unmask(table: UnmaskTable): void;
  /** Head of a stream: before the first chunk. */
  head(answer: Answer): void;
  /** Whole server-sent events; `written` is to be called once the client has taken them, it gives credit. */
  chunk(bytes: Uint8Array, written: () => void): void;
  final(answer: Answer, body: Uint8Array): void;
  error(failure: Failure): void;
}

export interface Dispatch {
  /** `found`, `guards`, `timings` empty; `dispatchedAt` is set for each attempt. */
  readonly envelope: Envelope;
  readonly body: Uint8Array;
  /** Stage names in order. */
  readonly slip: readonly string[];
  /** Epoch ms. */
  readonly deadline: number;
  /** W3C trace context of the request, passed along the slip. */
  readonly trace?: TraceContext | undefined;
  /** Called when a stage of the slip has no live instance: leave it out, or refuse the request naming it. */
  readonly onUnavailable: (stage: string) => 'skip' | 'refuse';
}

/** W3C trace context as it travels in headers. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

/** A request under way. */
export interface Exchange {
  readonly requestId: string;
  /** Whether a provider may have been called without the end telling of it: sent round again, or ended though nobody answered. */
  readonly callsUnknown: boolean;
  /** Client has gone: tells the router, and then hears of the end only (for the usage), or of its absence. */
  cancel(): void;
}

export interface Dispatcher extends Closable {
  dispatch(request: Dispatch, listener: ExchangeListener): Exchange;
  readonly inFlight: number;
  readonly presence: PresenceTable;
}

export interface DispatcherOptions {
  /** Without `accepted` or an answer for this long, a request is sent round once more. */
  readonly hopBudgetMs: number;
}

/** Publishes events of one producer in order, without a gap, and keeps each until the stream has stored it, on disk where that takes long. */
export interface EventPublisher extends Closable {
  /**
   * Completes the CloudEvent (`source`, `sequence`, `time`) and publishes it; id is the deduplication key.
   * @param trace of the request that the event is about, for consumers to link to; default: the active span's
   */
  publish(subject: string, event: UnsequencedEvent, trace?: TraceContext): void;
  /** Waits until all that was published is stored; after `timeoutMs` the rest is spooled. Throws where it cannot be. */
  flush(timeoutMs: number): Promise<void>;
  /** Events not yet acknowledged by the stream. */
  readonly unacknowledged: number;
  /** False while the stream takes no events and the spool none either: more work would be work that nobody records. */
  readonly isSafe: boolean;
}

type WithoutSequence<Event> = Event extends unknown
  ? Pick<Event & { id: string; type: string; subject: string; data: unknown }, 'id' | 'type' | 'subject' | 'data'>
  : never;
export type UnsequencedEvent = WithoutSequence<UsageEvent> | WithoutSequence<AuditEvent>;

export interface StreamMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Position in the stream: grows, never repeats. */
  readonly sequence: number;
  /** 1 on first delivery. */
  readonly deliveries: number;
  readonly headers: ReadonlyMap<string, string>;
}

export interface ConsumeOptions {
  readonly stream: string;
  /** Name of the durable consumer; replicas with the same name share the work. */
  readonly durable: string;
  readonly filterSubject?: string;
  /** Most messages handed over at once, and how long to wait for them. */
  readonly batchSize: number;
  readonly batchWaitMs: number;
  /** Redeliveries before a message goes to the dead-letter subject. */
  readonly maxDeliveries: number;
  readonly ackWaitMs: number;
  /**
   * Resolves once the whole batch is durably processed; throwing redelivers it, one message at a time after the first
   * failure, so that one bad message cannot hold up the others.
   */
  readonly handle: (batch: readonly StreamMessage[]) => Promise<void>;
}

export interface ReadStreamOptions {
  readonly stream: string;
  /** Epoch ms: from the first message stored then or later. */
  readonly since: number;
  /** Called in the order of the stream; throwing ends the reading. */
  readonly handle: (data: Uint8Array) => void;
}

export interface KeyValueEntry {
  readonly value: Uint8Array;
  /** Grows with each change of the bucket, never repeats. */
  readonly revision: number;
}

export interface KeyValue {
  get(key: string): Promise<Uint8Array | undefined>;
  /** The value and its revision, for {@link replace}. */
  entry(key: string): Promise<KeyValueEntry | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  /**
   * Puts while the key still has this revision; undefined: no value. The server decides, so neither a stale read nor a message that was long
   * on its way does harm. After an error it may have happened.
   * @returns false where another change came first
   */
  replace(key: string, value: Uint8Array, revision: number | undefined): Promise<boolean>;
  /**
   * Calls back with the current value, if any, and on every change; with the current value again after a reconnect.
   * A key of `*` follows all keys of one token.
   */
  watch(key: string, listener: (value: Uint8Array, key: string) => void, onDeleted?: (key: string) => void): Promise<Closable>;
}

export interface KeyValueOptions {
  /** Values end after this long, milliseconds; without it they stay. */
  readonly maxAgeMs?: number;
  /** Values kept of each key, the current one included. */
  readonly history?: number;
}

export interface StreamDefinition {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly maxAgeMs: number;
  readonly duplicateWindowMs: number;
}

export interface Bus extends Closable {
  /** Id of this process, unique for each start: `<service>-<random>`. */
  readonly instance: string;
  readonly connected: boolean;
  /** Largest message the server takes, bytes. */
  readonly maxPayloadBytes: number;

  serveStage(stage: Stage): Promise<Closable>;
  /** Answers a call of the catalogue; a malformed request is refused before the handler sees it. */
  respond<Request extends z.ZodType, Response extends z.ZodType>(
    call: ServiceCall<Request, Response>,
    handler: (request: z.output<Request>) => z.input<Response> | Promise<z.input<Response>>,
  ): Promise<Closable>;
  /** @throws SluiceError `stage_unavailable` where nobody answers in time, or what the responder threw */
  request<Request extends z.ZodType, Response extends z.ZodType>(
    call: ServiceCall<Request, Response>,
    data: z.input<Request>,
    options: RequestOptions,
  ): Promise<z.output<Response>>;

  createDispatcher(options: DispatcherOptions): Promise<Dispatcher>;
  watchPresence(): Promise<PresenceTable>;

  /** Plain publish of JSON and, after it, raw bytes (`Sluice-Envelope` gives the JSON's length). */
  publishStore(store: CacheStore, body: Uint8Array): void;
  /** The other side of {@link publishStore}: each message once over all replicas (`one`), or in every replica (`all`). */
  onStore(handler: (store: CacheStore, body: Body) => void, group?: 'one' | 'all'): Closable;
  /** Every message of a subject, without a queue group. */
  subscribe(subject: string, handler: (data: Uint8Array, subject: string) => void): Closable;
  publish(subject: string, data: Uint8Array): void;

  /** Makes a stream, or brings one that is there in line, its replicas included. */
  ensureStream(definition: StreamDefinition): Promise<void>;
  /** @throws Error where the spool cannot be opened */
  createEventPublisher(service: string): Promise<EventPublisher>;
  /** Puts on disk, before it returns, what the stream has not stored: for a process that ends now. */
  keepEvents(): void;
  /** Bytes of events on disk that the stream may not have stored. */
  readonly spooledBytes: number;
  consume(options: ConsumeOptions): Promise<Closable>;
  /** Reads what a stream holds now, and leaves no consumer behind. */
  readStream(options: ReadStreamOptions): Promise<void>;
  /** Makes the bucket where it is missing; the options of one that is there stay as they are. */
  keyValue(bucket: string, options?: KeyValueOptions): Promise<KeyValue>;

  /** Called with false when the server is out of reach and true when it is back. */
  onConnection(listener: (connected: boolean) => void): void;
}
