/** What the specs of this library share: a bus on a real server, an envelope, and ears for what happens. */
import type { Answer, Envelope, Failure, UnmaskTable } from '@sluice/contracts';
import { connect, createInbox, headers, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import { expect, vi } from 'vitest';
import type { Bus, Dispatch, Dispatcher, Exchange, ExchangeListener } from './bus.ts';
import { connectBus } from './connect.ts';
import { encodeFrame } from './frame.ts';
import type { BusOptions } from './bus-options.ts';

/** Another server may be given to the whole suite, e.g. a current release beside the distribution's. */
export const serverBinary: { bin?: string } = process.env.NATS_SERVER_BIN === undefined ? {} : { bin: process.env.NATS_SERVER_BIN };

/** Waits of the specs look this often. */
export const soon = { timeout: 15_000, interval: 10 };

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface BusBench {
  readonly bus: Bus;
  readonly lines: LogLine[];
  /** `<stage> <outcome>` of each turn. */
  readonly turns: string[];
}

export async function openBus(servers: string, service: string, options: Partial<BusOptions> = {}): Promise<BusBench> {
  const lines: LogLine[] = [];
  const turns: string[] = [];
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  const bus = await connectBus({
    servers,
    service,
    version: '0.1.0',
    description: 'a service of the specs',
    log: { info: write('info'), warn: write('warn'), error: write('error') },
    tracing: false,
    hopBudgetMs: 400,
    echo: true,
    observeStage: (stage, outcome) => turns.push(`${stage} ${outcome}`),
    ...options,
  });
  return { bus, lines, turns };
}

let lastId = 0;

export function makeEnvelope(patch: Partial<Envelope> = {}): Envelope {
  lastId += 1;
  return {
    id: `req_${String(lastId).padStart(26, '0')}`,
    dialect: 'openai-chat',
    model: 'sim',
    stream: false,
    principal: { organization: 'acme', team: 'support', keyId: 'key_1', keyName: 'web', policy: 'default' },
    tags: {},
    configVersion: 1,
    receivedAt: Date.now(),
    dispatchedAt: Date.now(),
    cache: {},
    headers: {},
    found: {},
    guards: [],
    timings: [],
    ...patch,
  };
}

/** What ingress heard of one request, in order. */
export class HeardExchange implements ExchangeListener {
  readonly order: string[] = [];
  readonly chunks: Uint8Array[] = [];
  readonly written: (() => void)[] = [];
  unmasked: UnmaskTable | undefined;
  headAnswer: Answer | undefined;
  answer: Answer | undefined;
  body: Uint8Array | undefined;
  failure: Failure | undefined;
  readonly #reads: boolean;

  /** @param reads false: a client that takes nothing until {@link HeardExchange.read} is called */
  constructor(reads = true) {
    this.#reads = reads;
  }

  unmask(table: UnmaskTable): void {
    this.order.push('unmask');
    this.unmasked = table;
  }

  head(answer: Answer): void {
    this.order.push('head');
    this.headAnswer = answer;
  }

  chunk(bytes: Uint8Array, written: () => void): void {
    this.chunks.push(bytes);
    if (this.#reads) written();
    else this.written.push(written);
  }

  final(answer: Answer, body: Uint8Array): void {
    this.order.push('final');
    this.answer = answer;
    this.body = body;
  }

  error(failure: Failure): void {
    this.order.push('error');
    this.failure = failure;
  }

  read(count: number): void {
    for (const written of this.written.splice(0, count)) written();
  }

  get ends(): number {
    return this.order.filter((what) => what === 'final' || what === 'error').length;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  async ended(): Promise<this> {
    await vi.waitFor(() => {
      expect(this.ends).toBe(1);
    }, soon);
    return this;
  }
}

export function dispatch(
  dispatcher: Dispatcher,
  slip: readonly string[],
  patch: Partial<Dispatch> = {},
  heard = new HeardExchange(),
): HeardExchange & { exchange: Exchange } {
  const exchange = dispatcher.dispatch(
    {
      envelope: makeEnvelope(),
      body: Buffer.from('{"model":"sim"}'),
      slip,
      deadline: Date.now() + 15_000,
      onUnavailable: () => 'refuse',
      ...patch,
    },
    heard,
  );
  return Object.assign(heard, { exchange });
}

export async function untilLive(dispatcher: Dispatcher, ...stages: string[]): Promise<void> {
  await vi.waitFor(() => {
    for (const stage of stages) expect(dispatcher.presence.isLive(stage)).toBe(true);
  }, soon);
}

/** Headers by the client library; an empty value is left out. */
export function headersOf(given: Record<string, string>): MsgHdrs {
  const block = headers();
  for (const [name, value] of Object.entries(given)) if (value !== '') block.set(name, value);
  return block;
}

/** A plain NATS client in ingress's place, for messages that no dispatcher would send. */
export class PlainIngress {
  readonly connection: NatsConnection;
  readonly heard: Msg[] = [];
  readonly inbox = createInbox();

  private constructor(connection: NatsConnection) {
    this.connection = connection;
    connection.subscribe(this.inbox, {
      callback: (error, message) => {
        if (error === null) this.heard.push(message);
      },
    });
  }

  static async open(servers: string): Promise<PlainIngress> {
    return new PlainIngress(await connect({ servers }));
  }

  /** Sends an envelope to a stage; headers given win over the right ones, an empty one is left out. */
  send(stage: string, given: Record<string, string> = {}, envelope: unknown = makeEnvelope(), body = Buffer.from('{}')): void {
    const { payload, headLength } = encodeFrame(envelope, body);
    this.sendRaw(stage, payload, { 'Sluice-Envelope': String(headLength), ...given });
  }

  sendRaw(stage: string, payload: Uint8Array, given: Record<string, string>, reply = this.inbox): void {
    this.connection.publish(`sluice.v1.stage.${stage}`, payload, { headers: headersOf(given), ...(reply === '' ? {} : { reply }) });
  }

  types(): string[] {
    return this.heard.map((message) => message.headers?.get('Sluice-Type') ?? '');
  }

  async next(count = 1): Promise<Msg> {
    await vi.waitFor(() => {
      expect(this.heard.length).toBeGreaterThanOrEqual(count);
    }, soon);
    const message = this.heard[count - 1];
    if (message === undefined) throw new Error('nothing was heard');
    return message;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
