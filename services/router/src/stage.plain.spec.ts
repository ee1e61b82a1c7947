import { startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectKind, openRouter, type RouterHarness } from './router-harness.ts';

const price = { inputPerMillion: 1, outputPerMillion: 2 };
const body = { model: 'chat', messages: [{ role: 'user', content: 'Say something.' }] };
const secret = 'sk-provider-secret-123456';

let provider: SimulatedProvider;
let router: RouterHarness;

beforeAll(async () => {
  provider = await startSimulatedProvider({ name: 'a' });
  router = openRouter(
    {
      providers: [
        { name: 'a', type: 'openai-compatible', baseUrl: provider.url, apiKey: '${A_KEY}', forwardHeaders: ['x-sim-*', 'authorization'] },
        { name: 'keyless', type: 'openai', baseUrl: provider.url, apiKey: '${NOT_SET}' },
        { name: 'claude', type: 'anthropic', baseUrl: provider.url, apiKey: 'none' },
      ],
      models: [
        { name: 'chat', targets: [{ provider: 'a', model: 'sim', price }] },
        { name: 'keyless', targets: [{ provider: 'keyless', model: 'sim' }] },
        { name: 'no-vectors', targets: [{ provider: 'claude', model: 'sim' }] },
      ],
    },
    { environment: { A_KEY: secret } },
  );
});

afterAll(async () => {
  await router.close();
  await provider.stop();
});

describe('a plain answer', () => {
  it("passes the provider's bytes with usage, finish reason and the cost of the attempt", async () => {
    const outcome = expectKind(await router.ask(body), 'reply');
    const answer: unknown = JSON.parse(Buffer.from(outcome.body).toString());
    expect(answer).toMatchObject({ object: 'chat.completion', model: 'sim' });
    expect(outcome.answer).toMatchObject({
      status: 200,
      contentType: 'application/json',
      provider: 'a',
      model: 'sim',
      finishReason: 'stop',
    });
    const { usage, attempts } = outcome.answer;
    expect(attempts).toHaveLength(1);
    expect(attempts?.[0]).toMatchObject({ provider: 'a', model: 'sim', status: 200, usage });
    expect(attempts?.[0]?.costNanoUsd).toBe(String((usage?.input ?? 0) * 1_000 + (usage?.output ?? 0) * 2_000));
    expect(attempts?.[0]?.priceVersion).toMatch(/./);
  });

  it('sends the provider its own model name and who asks, and not the client its key', async () => {
    provider.clearCalls();
    await router.ask(body, { headers: { authorization: 'Bearer sk-sluice-client' } });
    const [call] = provider.calls();
    expect(call).toMatchObject({ model: 'sim', requestId: 'req_01JD0000000000000000000000', attempt: '1.1' });
  });

  it('gives each call an id that its record has too, over attempts of ingress', async () => {
    provider.clearCalls();
    const script = { headers: { 'x-sim-status': '500;first=1', 'x-sim-key': 'ids' } };
    const first = expectKind(await router.ask(body, script), 'reply');
    const second = expectKind(await router.ask(body, { context: { attempt: 2 } }), 'reply');
    const recorded = [...(first.answer.attempts ?? []), ...(second.answer.attempts ?? [])].map(({ id }) => id);
    expect(recorded).toEqual(['1.1', '1.2', '2.1']);
    expect(provider.calls().map(({ attempt }) => attempt)).toEqual(recorded);
  });

  it('carries tool calls through untouched', async () => {
    const tools = [
      { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } },
    ];
    const outcome = expectKind(await router.ask({ ...body, tools, tool_choice: 'required' }), 'reply');
    expect(outcome.answer.finishReason).toBe('tool_calls');
    expect(Buffer.from(outcome.body).toString()).toContain('"weather"');
  });
});

describe('a request that cannot be routed', () => {
  it('names the model that does not exist', async () => {
    const { error } = expectKind(await router.ask({ ...body, model: 'no-such' }), 'refuse');
    expect(error.code).toBe('model_not_found');
    expect(error.message).toContain('no-such');
    expect(error.detail.param).toBe('model');
  });

  it('is refused where every target lacks its credentials, and the log names the variable', async () => {
    const { error } = expectKind(await router.ask({ ...body, model: 'keyless' }), 'refuse');
    expect(error.status).toBe(502);
    expect(router.log()).toContain('set the environment variable NOT_SET');
  });

  it('is refused where no target has an interface for the dialect', async () => {
    const { error } = expectKind(
      await router.ask({ ...body, model: 'no-vectors' }, { envelope: { dialect: 'openai-embeddings' } }),
      'refuse',
    );
    expect(error.code).toBe('unsupported_feature');
  });
});

describe('a new configuration', () => {
  it('is in force for the next request', async () => {
    const changed = openRouter({ providers: [{ name: 'a', type: 'openai-compatible', baseUrl: provider.url }], models: [] });
    expectKind(await changed.ask(body), 'refuse');
    changed.activate({
      providers: [{ name: 'a', type: 'openai-compatible', baseUrl: provider.url }],
      models: [{ name: 'chat', targets: [{ provider: 'a', model: 'sim' }] }],
    });
    expectKind(await changed.ask(body), 'reply');
    await changed.close();
  });
});

describe('a claim', () => {
  it('that is not granted drops the work without a call', async () => {
    provider.clearCalls();
    const outcome = await router.ask(body, { context: { claimRequired: true, claim: () => Promise.resolve(false) } });
    expect(outcome.kind).toBe('drop');
    expect(provider.calls()).toHaveLength(0);
  });

  it('that is granted leads to the call', async () => {
    expectKind(await router.ask(body, { context: { claimRequired: true } }), 'reply');
  });
});

describe('metrics', () => {
  it('count attempts by outcome', async () => {
    await router.ask(body);
    expect(await router.registry.metrics()).toMatch(/sluice_router_attempts_total\{provider="a",model="sim",outcome="ok"\} \d+/);
  });
});

describe('secrets', () => {
  it('stand in no error and no log line, also when the provider quotes them', async () => {
    const { error } = expectKind(await router.ask(body, { headers: { 'x-sim-status': '401' } }), 'refuse');
    expect(error.message).not.toContain(secret);
    expect(error.status).toBe(502);
    expect(router.log()).not.toContain(secret);
    expect(router.log()).toContain("provider refuses the gateway's own account");
  });
});
