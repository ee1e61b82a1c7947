import { findFreePort, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { expectKind, openRouter, type RouterHarness } from './router-harness.ts';

let provider: SimulatedProvider;
let router: RouterHarness;

beforeAll(async () => {
  provider = await startSimulatedProvider();
});

afterAll(async () => {
  await router.close();
  await provider.stop();
});

const breakerOf = async (target: string): Promise<string | undefined> =>
  new RegExp(`sluice_router_breaker_open\\{target="${target}"\\} (\\S+)`).exec(await router.registry.metrics())?.[1];

it('finds a provider ill and well again without a request', async () => {
  const port = await findFreePort();
  const healthCheck = { interval: '30ms', timeout: '500ms' };
  const common = { type: 'openai-compatible' as const, apis: ['chat' as const], healthCheck };
  router = openRouter({
    providers: [
      { name: 'gone', baseUrl: `http://127.0.0.1:${port}/v1`, ...common },
      { name: 'well', baseUrl: provider.url, ...common },
    ],
    models: [{ name: 'chat', targets: ['gone', 'well'].map((name) => ({ provider: name, model: 'sim' })) }],
  });
  await vi.waitFor(async () => {
    expect(await breakerOf('gone/sim')).toBe('1');
  }, 5_000);
  expect(await breakerOf('well/sim')).toBeUndefined();
  const body = { model: 'chat', messages: [{ role: 'user', content: 'Hello' }] };
  const outcome = expectKind(await router.ask(body), 'reply');
  // The one that is ill was not even tried.
  expect(outcome.answer.attempts?.map((attempt) => attempt.provider)).toEqual(['well']);
  const back = await startSimulatedProvider({ port });
  await vi.waitFor(async () => {
    expect(await breakerOf('gone/sim')).not.toBe('1');
  }, 5_000);
  expect(expectKind(await router.ask(body), 'reply').answer.provider).toBe('gone');
  await back.stop();
});
