import { createHash, randomBytes } from 'node:crypto';
import { SluiceError } from '@sluice/contracts';
import { type NatsServer, startNatsServer } from '@sluice/testing';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Dispatcher } from './bus.ts';
import { type BusBench, dispatch, openBus, PlainIngress, serverBinary, soon, untilLive } from './bus-bench.ts';
import { maxBodyBytes, parseClaim } from './claim-check.ts';
import { defineStage, forward, refuse, reply, type StageHandler } from './stage.ts';

const megabyte = 1024 * 1024;
/** 20 MB six times through the object store: 3 s alone on two cores, all in this one process. */
const patience = { timeout: 50_000, interval: 10 };
let server: NatsServer;
let plain: NatsConnection;
let dispatcher: Dispatcher;
const benches: BusBench[] = [];
const answer = { status: 200, contentType: 'application/octet-stream' };
const hashOf = (bytes: Uint8Array | undefined) =>
  createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');

async function serve(name: string, handle: StageHandler): Promise<void> {
  const bench = await openBus(server.url, name, { hopBudgetMs: patience.timeout });
  benches.push(bench);
  await bench.bus.serveStage(defineStage({ name, version: '0.1.0', description: 'of the specs', concurrency: 8, queueLimit: 8, handle }));
}

beforeAll(async () => {
  server = await startNatsServer(serverBinary);
  plain = await connect({ servers: server.url });
  const front = await openBus(server.url, 'ingress');
  benches.push(front);
  dispatcher = await front.bus.createDispatcher({ hopBudgetMs: patience.timeout });
  await serve('untouching', () => forward());
  await serve('reversing', async ({ body }) => forward({ body: Buffer.from(await body.bytes()).reverse() }));
  await serve('router', async ({ body }) => reply({ answer, body: await body.bytes() }));
  await serve('refusing', () => refuse(new SluiceError('content_policy_violation', 'Blocked.')));
  await untilLive(dispatcher, 'untouching', 'reversing', 'router', 'refusing');
});

afterAll(async () => {
  await dispatcher.close();
  await Promise.all(benches.map(({ bus }) => bus.close()));
  await plain.close();
  await server.stop();
});

async function untilStoreIsEmpty(): Promise<void> {
  const store = await plain.jetstream().views.os('bodies');
  await vi.waitFor(async () => {
    expect((await store.list()).filter((object) => !object.deleted)).toEqual([]);
    expect((await store.status()).size).toBeLessThan(megabyte);
  }, soon);
}

it('carries 20 MB through stages that pass it on and replace it, 20 MB back, and leaves nothing stored', async () => {
  const body = randomBytes(20 * megabyte);
  const heard = dispatch(dispatcher, ['untouching', 'reversing', 'router'], { body, deadline: Date.now() + patience.timeout });
  await vi.waitFor(() => {
    expect(heard.ends).toBe(1);
  }, patience);
  expect(heard.order).toEqual(['final']);
  expect(heard.body?.byteLength).toBe(20 * megabyte);
  expect(hashOf(heard.body)).toBe(hashOf(Buffer.from(body).reverse()));
  await untilStoreIsEmpty();
}, 60_000);

it('sends a body that takes longer to store than the hop budget once', async () => {
  const front = await openBus(server.url, 'ingress');
  const hasty = await front.bus.createDispatcher({ hopBudgetMs: 10 });
  await untilLive(hasty, 'refusing');
  const received: string[] = [];
  const ears = plain.subscribe('sluice.v1.stage.refusing', {
    callback: (_error, message) => {
      received.push(message.headers?.get('Sluice-Claim') ?? '');
    },
  });
  await plain.flush();
  const heard = dispatch(hasty, ['refusing'], { body: randomBytes(8 * megabyte) });
  await vi.waitFor(() => {
    expect(received.length).toBeGreaterThan(0);
  }, soon);
  await heard.ended();
  expect(received).not.toContain('');
  ears.unsubscribe();
  await untilStoreIsEmpty();
  await hasty.close();
  await front.bus.close();
});

it('leaves nothing stored for a request that was cancelled while its body was on the way', async () => {
  const heard = dispatch(dispatcher, ['router'], { body: randomBytes(4 * megabyte) });
  heard.exchange.cancel();
  await heard.ended();
  expect(heard.failure?.error.code).toBe('client_closed_request');
  await untilStoreIsEmpty();
});

it('refuses a body above the limit', async () => {
  const heard = await dispatch(dispatcher, ['router'], { body: Buffer.alloc(maxBodyBytes + 1) }).ended();
  expect(heard.failure?.error.code).toBe('request_too_large');
});

it('answers with an error where the stored body is gone', async () => {
  const ingress = await PlainIngress.open(server.url);
  ingress.send('router', { 'Sluice-Claim': '5000000:nobody.has.it' });
  expect((await ingress.next()).json()).toMatchObject({ error: { code: 'internal_error', stage: 'router' } });
  await ingress.close();
});

it.each(['', '5', '5:', ':name', '5:a/b', '5:a b', '-1:a', '1234567890:a'])('refuses the claim %j', (claim) => {
  expect(() => parseClaim(claim)).toThrow('Sluice-Claim');
});
