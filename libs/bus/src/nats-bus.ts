import { randomBytes } from 'node:crypto';
import { headers as headerNames, subjects, streams, type CacheStore, type ServiceCall } from '@sluice/contracts';
import { Events, type NatsConnection } from 'nats';
import type { z } from 'zod';
import { Body } from './body.ts';
import type {
  Bus,
  Closable,
  ConsumeOptions,
  Dispatcher,
  DispatcherOptions,
  EventPublisher,
  KeyValue,
  KeyValueOptions,
  PresenceTable,
  ReadStreamOptions,
  RequestOptions,
  StreamDefinition,
} from './bus.ts';
import type { BusOptions } from './bus-options.ts';
import { ClaimCheck } from './claim-check.ts';
import { closing } from './closing.ts';
import { SlipDispatcher } from './dispatcher.ts';
import { EventProducer } from './event-producer.ts';
import { NatsEventWire } from './event-wire.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { HeaderBlock } from './header-block.ts';
import { Inbox } from './inbox.ts';
import { openKeyValue } from './key-value-bucket.ts';
import { announceStage } from './announce-stage.ts';
import { HeartbeatTable } from './presence.ts';
import { CancelledRequests } from './cancelled-requests.ts';
import { readStream } from './read-stream.ts';
import { ServedStage } from './served-stage.ts';
import { requestCall, ServiceEndpoints } from './service-endpoints.ts';
import type { Stage } from './stage.ts';
import { DurableConsumer } from './stream-consumer.ts';
import { StreamStore } from './stream-store.ts';
import { createStageTracer } from './tracing.ts';
import type { WorkInHand } from './work-in-hand.ts';

/** How long a stopping stage may finish what it has in hand. */
const drainBudgetMs = 8_000;

/** The bus over one NATS connection. */
export class NatsBus implements Bus {
  readonly instance: string;
  readonly maxPayloadBytes: number;
  readonly #connection: NatsConnection;
  readonly #options: BusOptions;
  readonly #work: WorkInHand;
  readonly #inbox: Inbox;
  readonly #claims: ClaimCheck;
  readonly #endpoints: ServiceEndpoints;
  readonly #events: EventProducer;
  readonly #streams: StreamStore;
  readonly #connectionListeners: ((connected: boolean) => void)[] = [];
  readonly #stages: { readonly served: ServedStage; readonly stop: () => Promise<void> }[] = [];
  readonly #consumers: DurableConsumer[] = [];
  #presence: HeartbeatTable | undefined;
  #connected = true;
  #closing: Promise<void> | undefined;

  constructor(connection: NatsConnection, options: BusOptions, maxPayloadBytes: number, work: WorkInHand) {
    this.#connection = connection;
    this.#options = options;
    this.maxPayloadBytes = maxPayloadBytes;
    this.#work = work;
    this.instance = `${options.service}-${randomBytes(6).toString('hex')}`;
    this.#inbox = new Inbox(connection, options.service, options.log);
    this.#streams = new StreamStore(connection, options.streamReplicas, options.log);
    this.#claims = new ClaimCheck(connection, maxPayloadBytes, this.#streams);
    this.#events = new EventProducer(new NatsEventWire(connection, this.#inbox, maxPayloadBytes), this.instance, options);
    this.#endpoints = new ServiceEndpoints(connection, options.service, options.version, options.description, options.log);
    void this.#followStatus();
  }

  get connected(): boolean {
    return this.#connected && !this.#connection.isClosed();
  }

  onConnection(listener: (connected: boolean) => void): void {
    this.#connectionListeners.push(listener);
  }

  async serveStage(stage: Stage): Promise<Closable> {
    const { log, tracing, hopBudgetMs, observeStage } = this.#options;
    const cancelled = new CancelledRequests();
    const served = new ServedStage(stage, {
      connection: this.#connection,
      inbox: this.#inbox,
      claims: this.#claims,
      instance: this.instance,
      tracer: tracing ? createStageTracer() : undefined,
      hopBudgetMs,
      observe: observeStage ?? (() => undefined),
      log,
      cancelled,
    });
    this.#work.add(() => served.inFlight);
    const prefixLength = subjects.cancel('').length;
    const cancels = this.#connection.subscribe(subjects.anyCancel, {
      callback: (error, message) => {
        if (error !== null) return;
        const requestId = message.subject.slice(prefixLength);
        cancelled.add(requestId);
        served.cancel(requestId);
      },
    });
    await this.#endpoints.add(`stage-${stage.name}`, subjects.stage(stage.name), stage.name, served.receive);
    await this.#connection.flush().catch(() => undefined); // the server knows of it now, or will on its return
    const heartbeat = announceStage(this.#connection, this.instance, stage, () => served.inFlight);
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> =>
      (stopped ??= (async () => {
        heartbeat.leave();
        await this.#endpoints.stop();
        await this.#connection.flush().catch(() => undefined);
        await served.drain(drainBudgetMs);
        heartbeat.stop();
        cancels.unsubscribe();
      })());
    this.#stages.push({ served, stop });
    return { close: stop };
  }

  async respond<Request extends z.ZodType, Response extends z.ZodType>(
    call: ServiceCall<Request, Response>,
    handler: (request: z.output<Request>) => z.input<Response> | Promise<z.input<Response>>,
  ): Promise<Closable> {
    await this.#endpoints.respond(call, handler, this.instance);
    await this.#connection.flush().catch(() => undefined);
    // The client stops all endpoints of a process or none; where a stage is served, its own leaving stops them.
    return { close: () => (this.#stages.length === 0 ? this.#endpoints.stop() : Promise.resolve()) };
  }

  request<Request extends z.ZodType, Response extends z.ZodType>(
    call: ServiceCall<Request, Response>,
    data: z.input<Request>,
    options: RequestOptions,
  ): Promise<z.output<Response>> {
    return requestCall(this.#connection, call, data, options);
  }

  async createDispatcher(options: DispatcherOptions): Promise<Dispatcher> {
    const presence = await this.watchPresence();
    const surroundings = { connection: this.#connection, inbox: this.#inbox, claims: this.#claims, presence, log: this.#options.log };
    const dispatcher = new SlipDispatcher(surroundings, options);
    this.#work.add(() => dispatcher.inFlight);
    return dispatcher;
  }

  async watchPresence(): Promise<PresenceTable> {
    this.#presence ??= new HeartbeatTable(this.#connection, this.#options.log);
    await this.#connection.flush().catch(() => undefined); // from now on no announcement is missed
    return this.#presence;
  }

  publishStore(store: CacheStore, body: Uint8Array): void {
    const { payload, headLength } = encodeFrame(store, body);
    if (this.#claims.needed(payload.byteLength)) return; // an answer this large is not worth keeping
    this.#connection.publish(subjects.cacheStore, payload, {
      headers: new HeaderBlock().set(headerNames.envelope, headLength).forPublish(),
    });
  }

  onStore(handler: (store: CacheStore, body: Body) => void, group: 'one' | 'all' = 'one'): Closable {
    const subscription = this.#connection.subscribe(subjects.cacheStore, {
      ...(group === 'one' ? { queue: 'cache' } : {}),
      callback: (error, message) => {
        if (error !== null) return;
        try {
          const { head, rest } = decodeFrame(message.data, message.headers?.get(headerNames.envelope));
          handler(head as CacheStore, Body.of(rest)); // the cache checks it: anyone with the permission may publish here
        } catch (thrown) {
          this.#options.log.warn({ err: thrown }, 'malformed cache.store message dropped');
        }
      },
    });
    return closing(() => {
      subscription.unsubscribe();
    });
  }

  subscribe(subject: string, handler: (data: Uint8Array, subject: string) => void): Closable {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        try {
          handler(message.data, message.subject);
        } catch (thrown) {
          this.#options.log.error({ err: thrown, subject: message.subject }, 'a subscriber failed'); // thrown on, it would end the client's reader
        }
      },
    });
    return closing(() => {
      subscription.unsubscribe();
    });
  }

  publish(subject: string, data: Uint8Array): void {
    this.#connection.publish(subject, data);
  }

  ensureStream(definition: StreamDefinition): Promise<void> {
    return this.#streams.ensure(definition);
  }

  createEventPublisher(service: string): Promise<EventPublisher> {
    return Promise.try(() => this.#events.publisher(service));
  }

  get spooledBytes(): number {
    return this.#events.spooledBytes;
  }

  keepEvents(): void {
    this.#events.keep();
  }

  readStream(options: ReadStreamOptions): Promise<void> {
    return readStream(this.#connection, options);
  }

  async consume(options: ConsumeOptions): Promise<Closable> {
    await this.ensureStream({
      name: streams.deadLetters,
      subjects: [subjects.anyDeadLetter],
      maxAgeMs: 30 * 86_400_000,
      duplicateWindowMs: 120_000,
    });
    const consumer = new DurableConsumer({ connection: this.#connection, service: this.#options.service, log: this.#options.log }, options);
    await consumer.start();
    this.#consumers.push(consumer);
    return consumer;
  }

  keyValue(bucket: string, options?: KeyValueOptions): Promise<KeyValue> {
    const onConnection: Bus['onConnection'] = (listener) => {
      this.onConnection(listener);
    };
    return this.#streams.make(`KV_${bucket}`, (replicas) =>
      openKeyValue(this.#connection, bucket, { ...options, replicas }, this.#options.log, onConnection),
    );
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    await Promise.all(this.#stages.map((stage) => stage.stop()));
    await this.#endpoints.stop();
    await Promise.all(this.#consumers.map((consumer) => consumer.close()));
    await this.#events.close();
    this.#streams.close();
    await this.#presence?.close();
    if (!this.#connection.isClosed()) await this.#connection.drain().catch(() => undefined);
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === Events.Disconnect) this.#setConnected(false);
      else if (status.type === Events.Reconnect) this.#setConnected(true);
    }
  }

  #setConnected(connected: boolean): void {
    if (connected === this.#connected) return;
    this.#connected = connected;
    if (connected) {
      this.#presence?.forgive();
      this.#streams.restore();
      for (const consumer of this.#consumers) consumer.look();
    }
    this.#events.setConnected(connected);
    if (this.#closing === undefined) this.#options.log.info({ connected }, connected ? 'NATS is back' : 'NATS is out of reach');
    for (const listener of this.#connectionListeners) listener(connected);
  }
}
