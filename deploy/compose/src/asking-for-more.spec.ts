import { connectBus, type Bus } from '@sluice/bus';
import { calls } from '@sluice/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { natsPassword, type Service } from './deploy-files.ts';
import { startGuardedNats } from './guarded-nats.ts';

let nats: Awaited<ReturnType<typeof startGuardedNats>>;

beforeAll(async () => {
  nats = await startGuardedNats();
});
afterAll(() => nats.stop());

function connectAs(service: Service): Promise<Bus> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  return connectBus({
    servers: nats.url,
    user: service,
    password: natsPassword(service),
    service,
    version: '0.0.0',
    description: 'A test of what the router may ask',
    log,
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
}

it('lets a router ask metering for more than was reserved, and hear the answer', async () => {
  const [router, metering] = await Promise.all([connectAs('router'), connectAs('metering')]);
  const responder = await metering.respond(calls.extendReservation, ({ outputTokens }) => ({ granted: outputTokens <= 100 }));
  const asker = { requestId: 'req_1', organization: 'acme', team: 'red', keyId: 'key_1', tags: {}, model: 'sim', deadline: 1 };
  const ask = (outputTokens: number) => router.request(calls.extendReservation, { ...asker, outputTokens }, { timeoutMs: 5_000 });
  expect(await ask(100)).toEqual({ granted: true });
  expect(await ask(101)).toEqual({ granted: false });
  const named = { timeoutMs: 5_000, instance: metering.instance };
  expect(await router.request(calls.extendReservation, { ...asker, outputTokens: 1 }, named)).toEqual({ granted: true });
  expect(nats.violations()).toEqual([]);
  await responder.close();
  await Promise.all([router.close(), metering.close()]);
});
