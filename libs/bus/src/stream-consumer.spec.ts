import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer, type NatsServer } from '@sluice/testing';
import { connect, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type BusBench, openBus, serverBinary, soon } from './bus-bench.ts';
import type { Closable, ConsumeOptions, StreamMessage } from './bus.ts';

let storeDir: string;
let server: NatsServer;
let plain: NatsConnection;
let bench: BusBench;
let stream: string;
let subject: string;
let streamCount = 0;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'sluice-consumer-'));
  server = await startNatsServer({ ...serverBinary, storeDir });
  plain = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
});

afterAll(async () => {
  await plain.close();
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});

beforeEach(async () => {
  streamCount += 1;
  stream = `WORK${streamCount}`;
  subject = `work.${streamCount}`;
  bench = await openBus(server.url, 'worker');
  await bench.bus.ensureStream({ name: stream, subjects: [`${subject}.>`], maxAgeMs: 60_000, duplicateWindowMs: 60_000 });
});

afterEach(async () => {
  await bench.bus.close();
});

function consume(handle: ConsumeOptions['handle'], rest: Partial<ConsumeOptions> = {}, bus = bench.bus): Promise<Closable> {
  return bus.consume({ stream, durable: 'worker', batchSize: 10, batchWaitMs: 200, maxDeliveries: 2, ackWaitMs: 5_000, handle, ...rest });
}

async function store(first: number, last: number): Promise<void> {
  for (let index = first; index <= last; index += 1) await plain.jetstream().publish(`${subject}.job`, String(index));
}

const textOf = (message: StreamMessage) => Buffer.from(message.data).toString();
const texts = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => String(first + index));

async function untilSettled(): Promise<void> {
  const manager = await plain.jetstreamManager();
  await vi.waitFor(async () => {
    const info = await manager.consumers.info(stream, 'worker');
    expect({ pending: info.num_pending, open: info.num_ack_pending }).toEqual({ pending: 0, open: 0 });
  }, soon);
}

it('hands over batches of bounded size, in order, with their positions', async () => {
  await store(1, 35);
  const batches: (readonly StreamMessage[])[] = [];
  await consume((batch) => {
    batches.push(batch);
    return Promise.resolve();
  });
  await untilSettled();
  expect(batches.flat().map(textOf)).toEqual(texts(1, 35));
  expect(batches.flat().map((message) => message.sequence)).toEqual(texts(1, 35).map(Number));
  expect(Math.max(...batches.map((batch) => batch.length))).toBe(10);
  expect(batches[0]?.[0]).toMatchObject({ subject: `${subject}.job`, deliveries: 1 });
});

it('goes on where it left off', async () => {
  await store(1, 5);
  const first: string[] = [];
  const closable = await consume((batch) => Promise.resolve(void first.push(...batch.map(textOf))));
  await untilSettled();
  await closable.close();
  await store(6, 8);
  const second: string[] = [];
  await consume((batch) => Promise.resolve(void second.push(...batch.map(textOf))));
  await untilSettled();
  expect([first, second]).toEqual([texts(1, 5), texts(6, 8)]);
});

it('delivers again what a handler threw at', async () => {
  await store(1, 3);
  const done: string[] = [];
  let failed = false;
  await consume((batch) => {
    if (batch.length === 1 && batch.some((message) => textOf(message) === '2') && !failed) {
      failed = true;
      throw new Error('not now');
    }
    if (batch.length > 1) throw new Error('not all at once');
    done.push(...batch.map((message) => `${textOf(message)} delivery ${message.deliveries}`));
    return Promise.resolve();
  });
  await untilSettled();
  expect(done).toEqual(['1 delivery 1', '3 delivery 1', '2 delivery 2']);
});

it('puts one poisonous message aside after its last delivery, and passes the others', async () => {
  await store(1, 9);
  const done = new Set<string>();
  await consume((batch) => {
    if (batch.some((message) => textOf(message) === '5')) throw new Error('poison');
    for (const message of batch) done.add(textOf(message));
    return Promise.resolve();
  });
  await untilSettled();
  expect([...done].sort()).toEqual(texts(1, 9).filter((text) => text !== '5'));
  const manager = await plain.jetstreamManager();
  const dead = await manager.streams.getMessage('DEAD_LETTERS', { last_by_subj: `sluice.v1.dead.${stream.toLowerCase()}.worker` });
  expect(dead.string()).toBe('5');
  expect(dead.header.get('Sluice-Stream-Sequence')).toBe('5');
  expect(bench.lines.filter((line) => line.message === 'message went to the dead-letter subject').length).toBe(1);
});

it('shares the work between two processes', async () => {
  const other = await openBus(server.url, 'worker');
  const done: [string[], string[]] = [[], []];
  const both = Promise.withResolvers<undefined>();
  const handler = (own: string[]) => async (batch: readonly StreamMessage[]) => {
    own.push(...batch.map(textOf));
    if (done.every((part) => part.length > 0)) both.resolve(undefined);
    await both.promise; // neither may take all: each waits until the other has some
  };
  await consume(handler(done[0]));
  await consume(handler(done[1]), {}, other.bus);
  await store(1, 40);
  await untilSettled();
  expect(done.flat().sort()).toEqual(texts(1, 40).sort());
  await other.bus.close();
});

it('goes on after the server was killed and is back', async () => {
  await store(1, 5);
  const done = new Set<string>();
  await consume((batch) => {
    for (const message of batch) done.add(textOf(message));
    return Promise.resolve();
  });
  await untilSettled();
  await server.kill();
  await vi.waitFor(() => {
    expect(bench.bus.connected).toBe(false);
  }, soon);
  server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  await vi.waitFor(async () => {
    await store(6, 6);
  }, soon);
  await vi.waitFor(() => {
    expect([...done].sort()).toEqual(texts(1, 6));
  }, soon);
});

it('goes on where the server comes back without its store: stream, consumer and what waited to be stored', async () => {
  const done: string[] = [];
  await consume((batch) => Promise.resolve(void done.push(...batch.map(textOf))));
  const bucket = await bench.bus.keyValue('forgotten');
  const heard: string[] = [];
  await bucket.watch('word', (value) => heard.push(Buffer.from(value).toString()));
  const publisher = await bench.bus.createEventPublisher('worker');
  await server.kill();
  await rm(storeDir, { recursive: true, force: true });
  const data = { organization: 'acme', actor: 'specs', action: 'published', outcome: 'ok', detail: {} };
  publisher.publish(`${subject}.event`, { id: 'waits', type: 'com.sluice.audit.access.v1', subject: 'acme', data });
  server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  await publisher.flush(15_000);
  expect(publisher.unacknowledged).toBe(0);
  await vi.waitFor(() => {
    expect(done.map((text) => (JSON.parse(text) as { id: string }).id)).toEqual(['waits']);
  }, soon);
  await vi.waitFor(() => bucket.put('word', Buffer.from('again')), soon);
  await vi.waitFor(() => {
    expect(heard).toEqual(['again']);
  }, soon);
});
