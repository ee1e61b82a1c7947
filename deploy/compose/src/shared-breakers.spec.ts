import { connectBus } from '@sluice/bus';
import { buckets } from '@sluice/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { natsPassword } from './deploy-files.ts';
import { startGuardedNats } from './guarded-nats.ts';

let nats: Awaited<ReturnType<typeof startGuardedNats>>;

beforeAll(async () => {
  nats = await startGuardedNats();
});
afterAll(() => nats.stop());

it('lets routers share their breakers', async () => {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const bus = await connectBus({
    servers: nats.url,
    user: 'router',
    password: natsPassword('router'),
    service: 'router',
    version: '0.0.0',
    description: 'A test of what the router may do',
    log,
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
  const heard: string[] = [];
  const bucket = await bus.keyValue(buckets.breakers, { maxAgeMs: 300_000, history: 1 });
  const watch = await bucket.watch('*', (value) => heard.push(Buffer.from(value).toString()));
  await bucket.put('0123456789abcdef0123456789abcdef', Buffer.from('open'));
  await vi.waitFor(() => {
    expect(heard).toEqual(['open']);
  }, 10_000);
  await watch.close();
  await bus.close();
  expect(nats.violations()).toEqual([]);
});
