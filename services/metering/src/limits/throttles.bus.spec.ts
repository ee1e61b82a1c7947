import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus, type Bus } from '@sluice/bus';
import { buckets, SluiceError, type Throttle } from '@sluice/contracts';
import { startNatsServer, type NatsServer } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { explainRefusal } from '../admission/explain-refusal.ts';
import { throttleDefinition } from './limit-definition.ts';
import { Quota } from '../leases/quota.ts';
import { Throttles } from './throttles.ts';

const soon = { timeout: 10_000, interval: 10 };
const throttle: Throttle = { requestsPerMinute: 5, until: 2_000_000, reason: 'cost 40 times the usual' };
let now = 1_000_000;
let storeDir: string;
let server: NatsServer;
let bus: Bus;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'sluice-throttles-'));
  server = await startNatsServer({ storeDir });
  bus = await connectBus({
    servers: server.url,
    service: 'metering',
    version: '0.1.0',
    description: 'test',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
});
afterAll(async () => {
  await bus.close();
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});

async function open(): Promise<{ throttles: Throttles; applied: string[] }> {
  const applied: string[] = [];
  const throttles = new Throttles({
    bus,
    clock: () => now,
    log: { info: () => undefined, warn: () => undefined },
    apply: (keyId, requestsPerMinute) => applied.push(`${keyId} ${requestsPerMinute ?? 'free'}`),
  });
  await throttles.open();
  return { throttles, applied };
}
const put = async (keyId: string, value: object): Promise<void> => {
  const bucket = await bus.keyValue(buckets.throttles, { history: 1 });
  await bucket.put(keyId, Buffer.from(JSON.stringify(value)));
};

it('follows the keys that are slowed, knows them after a restart and while NATS is away, and ends each by itself', async () => {
  now = 1_000_000;
  const first = await open();
  await put('key_web', throttle);
  await vi.waitFor(() => {
    expect(first.applied).toEqual(['key_web 5']);
  }, soon);
  await first.throttles.close();
  const second = await open();
  await vi.waitFor(() => {
    expect(second.applied).toEqual(['key_web 5']);
  }, soon);
  await server.kill();
  expect(second.throttles.of('key_web')).toEqual(throttle);
  now = throttle.until;
  await vi.waitFor(() => {
    expect(second.applied).toEqual(['key_web 5', 'key_web free']);
  }, soon);
  server = await startNatsServer({ storeDir, port: server.port });
  await second.throttles.close();
});

it('passes over what is no throttle, and one that is over', async () => {
  now = 1_000_000;
  await vi.waitFor(() => put('key_broken', { requestsPerMinute: -1 }), soon);
  await put('key_past', { ...throttle, until: now });
  await put('key_web', { ...throttle, requestsPerMinute: 0 });
  const { throttles, applied } = await open();
  await vi.waitFor(() => {
    expect(applied).toEqual(['key_web 0']);
  }, soon);
  await throttles.close();
});

it.each([
  [5, 'slowed to 5 requests a minute', 1],
  [0, 'stopped', 1_000],
])('says to a key that may begin %i a minute why it is refused, and until when', (requestsPerMinute, words, seconds) => {
  const owner = { kind: 'key', name: 'web', organization: 'acme' } as const;
  const quota = new Quota('meter', owner, throttleDefinition(requestsPerMinute), 0, Number.POSITIVE_INFINITY);
  const error = explainRefusal({ reason: 'full', quota, needed: 1 }, 1_000_000, { ...throttle, requestsPerMinute });
  expect(error).toBeInstanceOf(SluiceError);
  expect(error).toMatchObject({ code: 'rate_limit_exceeded', retryAfterSeconds: seconds, detail: { param: 'key.throttle' } });
  expect(error.message).toContain(`The key "web" is ${words} until 1970-01-01T00:33:20.000Z after an anomaly (cost 40 times the usual)`);
});
