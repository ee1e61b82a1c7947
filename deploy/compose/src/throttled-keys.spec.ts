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

it('lets metering follow the keys that are slowed, and slow none itself', async () => {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const bus = await connectBus({
    servers: nats.url,
    user: 'metering',
    password: natsPassword('metering'),
    service: 'metering',
    version: '0.0.0',
    description: 'A test of what metering may do',
    log,
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
  const bucket = await bus.keyValue(buckets.throttles, { history: 1 });
  const watch = await bucket.watch('*', () => undefined);
  expect(nats.violations()).toEqual([]);
  await expect(bucket.put('key_web', Buffer.from('{}'))).rejects.toThrow();
  await vi.waitFor(() => {
    expect(nats.violations()).not.toEqual([]);
  }, 10_000);
  await watch.close();
  await bus.close();
});
