import { startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drain, expectKind, openRouter, type RouterHarness } from '../../router-harness.ts';

const body = { model: 'bridged', messages: [{ role: 'user', content: 'Say something.' }] };

let provider: SimulatedProvider;
let router: RouterHarness;

beforeAll(async () => {
  provider = await startSimulatedProvider({ name: 'a' });
  const shared = { type: 'ai-sdk' as const, baseUrl: provider.url, apiKey: 'key-of-the-bridge', forwardHeaders: ['x-sim-*'] };
  router = openRouter({
    providers: [
      { ...shared, name: 'bridge', aiSdk: { package: '@ai-sdk/mistral' } },
      { ...shared, name: 'missing', aiSdk: { package: '@ai-sdk/no-such-package' } },
    ],
    models: [
      { name: 'bridged', targets: [{ provider: 'bridge', model: 'sim' }], retries: { maxAttempts: 1 } },
      { name: 'second', targets: ['missing', 'bridge'].map((name) => ({ provider: name, model: 'sim' })) },
      { name: 'vectors', targets: [{ provider: 'bridge', model: 'sim-embed' }] },
    ],
  });
});

afterAll(async () => {
  await router.close();
  await provider.stop();
});

describe('a package of the AI SDK behind the router', () => {
  it('gives a plain answer with its usage', async () => {
    const outcome = expectKind(await router.ask(body), 'reply');
    expect(outcome.answer).toMatchObject({ status: 200, provider: 'bridge', finishReason: 'stop', attempts: [{ status: 200 }] });
    expect(outcome.answer.usage?.output).toBeGreaterThan(0);
    expect(JSON.parse(Buffer.from(outcome.body).toString())).toMatchObject({
      choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }],
    });
  });

  it('gives a stream in the client’s form, to its end', async () => {
    const { text, end } = await drain(expectKind(await router.ask({ ...body, stream: true }), 'stream'));
    expect(text).toContain('"finish_reason":"stop"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(end).toMatchObject({ finishReason: 'stop', attempts: [{ status: 200 }] });
    expect(end).not.toHaveProperty('error');
  });

  it('leaves a package that is not installed for the next target', async () => {
    const outcome = expectKind(await router.ask({ ...body, model: 'second' }), 'reply');
    expect(outcome.answer.attempts).toMatchObject([
      { provider: 'missing', status: 501 },
      { provider: 'bridge', status: 200 },
    ]);
  });
});
