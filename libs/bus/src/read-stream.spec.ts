import { startNatsServer, type NatsServer } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Bus } from './bus.ts';
import { connectBus } from './connect.ts';

let server: NatsServer;
let bus: Bus;
const stream = 'READ';

beforeAll(async () => {
  server = await startNatsServer();
  bus = await connectBus({
    servers: server.url,
    service: 'reader',
    version: '0.1.0',
    description: 'test',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: false,
  });
  await bus.ensureStream({ name: stream, subjects: ['sluice.v1.usage.>'], maxAgeMs: 60_000, duplicateWindowMs: 10_000 });
});
afterAll(async () => {
  await bus.close();
  await server.stop();
});

async function read(since: number): Promise<string[]> {
  const ids: string[] = [];
  await bus.readStream({ stream, since, handle: (data) => ids.push(/"id":"(\w+)"/.exec(Buffer.from(data).toString('utf8'))?.[1] ?? '') });
  return ids;
}

it('reads nothing of an empty stream', async () => {
  expect(await read(0)).toEqual([]);
});

it('reads all that is there, in order, and again', async () => {
  const events = await bus.createEventPublisher('reader');
  const ids = Array.from({ length: 1_500 }, (_, index) => `e${index}`);
  for (const id of ids) {
    events.publish('sluice.v1.usage.acme.support', {
      id,
      type: 'com.sluice.audit.access.v1',
      subject: 'acme',
      data: { organization: 'acme', actor: 'test', action: 'test', outcome: 'ok', detail: {} },
    });
  }
  await events.flush(10_000);
  expect(await read(0)).toEqual(ids);
  expect(await read(Date.now() - 60_000)).toHaveLength(1_500);
});

it('reads nothing of what came before', async () => {
  expect(await read(Date.now() + 60_000)).toEqual([]);
});
