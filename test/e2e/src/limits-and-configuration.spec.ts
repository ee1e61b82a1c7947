import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import OpenAI from 'openai';
import { keys, startGateway, type Gateway } from './harness/gateway.ts';
import { ask, echo } from './harness/read-stream.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 120_000);
afterAll(() => gateway.stop());

/** How long a change may take until every service has it. */
const liveWithinMs = 1_000;
const fresh = { 'cache-control': 'no-store' };

describe('limits of a key', () => {
  it('refuses what is over requests a minute with 429, and says what is left and when to come again', async () => {
    const { key } = await gateway.admin.createKey({ name: 'three-a-minute', limits: { requestsPerMinute: 3 } });
    const client = gateway.client({ key, headers: fresh });
    const remaining: string[] = [];
    for (let index = 0; index < 3; index++) {
      const { response } = await client.chat.completions.create(ask(`Which number is ${index}?`)).withResponse();
      expect(response.headers.get('x-ratelimit-limit-requests')).toBe('3');
      remaining.push(response.headers.get('x-ratelimit-remaining-requests') ?? '');
    }
    expect(remaining).toEqual(['2', '1', '0']);
    const thrown: unknown = await client.chat.completions.create(ask('One more?')).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(OpenAI.RateLimitError);
    if (!(thrown instanceof OpenAI.RateLimitError)) return;
    expect(thrown.code).toBe('rate_limit_exceeded');
    expect(Number(thrown.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(thrown.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect(thrown.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  });

  it('admits exactly the limit of many requests at once', async () => {
    const { key } = await gateway.admin.createKey({ name: 'twenty-a-minute', limits: { requestsPerMinute: 20 } });
    const statuses = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        gateway
          .post('/v1/chat/completions', ask(`At once, number ${index}?`), { ...fresh, authorization: `Bearer ${key}` })
          .then((answer) => answer.status),
      ),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);
  });

  it('refuses what is over tokens a minute', async () => {
    const { key } = await gateway.admin.createKey({ name: 'few-tokens', limits: { tokensPerMinute: 50 } });
    const answer = await gateway.post(
      '/v1/chat/completions',
      { ...ask('word '.repeat(100)), max_tokens: 10 },
      { ...fresh, authorization: `Bearer ${key}` },
    );
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).not.toBeNull();
  });

  it('refuses a model that the key may not use', async () => {
    const { key } = await gateway.admin.createKey({ name: 'one-model', models: ['twice'] });
    const answer = await gateway.post('/v1/chat/completions', ask('May I?'), { authorization: `Bearer ${key}` });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: 'model_not_allowed' } });
  });
});

describe('changes while running', () => {
  it('knows a model within a second of its activation, and forgets it within a second of the rollback', async () => {
    const { version } = (await gateway.admin.send('GET', '/admin/configuration')) as { version: number }; // control's own shape
    const { configuration } = gateway;
    const models = [...(configuration.models ?? []), { name: 'brand-new', targets: [{ provider: 'b', model: 'sim' }] }];
    await gateway.admin.activate({ ...configuration, models });
    await vi.waitFor(
      async () => {
        const completion = await gateway.client().chat.completions.create(ask('Are you new?', 'brand-new'));
        expect(completion.choices[0]?.message.content).toBe(echo('Are you new?'));
      },
      { timeout: liveWithinMs, interval: 50 },
    );
    await gateway.admin.send('POST', '/admin/configuration/rollback', { version });
    await vi.waitFor(
      async () => {
        expect((await gateway.post('/v1/chat/completions', ask('Still there?', 'brand-new'))).status).toBe(404);
      },
      { timeout: liveWithinMs, interval: 50 },
    );
  });

  it('refuses a configuration that names a provider which is not there, and stays as it was', async () => {
    const wrong = { ...gateway.configuration, models: [{ name: 'sim', targets: [{ provider: 'nobody', model: 'sim' }] }] };
    await expect(gateway.admin.activate(wrong)).rejects.toThrow(/400[^]*models\.0\.targets\.0\.provider/);
    expect((await gateway.post('/v1/chat/completions', ask('As before?'))).status).toBe(200);
  });

  it('applies a changed guard to the next request', async () => {
    const policies = [{ name: 'default', guardrail: { denylist: ['walrus'] } }];
    await gateway.admin.activate({ ...gateway.configuration, policies });
    await vi.waitFor(
      async () => {
        expect((await gateway.post('/v1/chat/completions', ask('Where does the walrus live?'))).status).toBe(403);
      },
      { timeout: liveWithinMs, interval: 50 },
    );
  });

  it('refuses a key within a second of its revocation', async () => {
    const { key, keyId } = await gateway.admin.createKey({ name: 'short-lived' });
    const authorization = `Bearer ${key}`;
    expect((await gateway.post('/v1/chat/completions', ask('May I still?'), { authorization })).status).toBe(200);
    await gateway.admin.send('DELETE', `/admin/keys/${keyId}`);
    await vi.waitFor(
      async () => {
        expect((await gateway.post('/v1/chat/completions', ask('May I still?'), { authorization })).status).toBe(401);
      },
      { timeout: liveWithinMs, interval: 50 },
    );
    expect((await gateway.post('/v1/chat/completions', ask('May others?'), { authorization: `Bearer ${keys.blue}` })).status).toBe(200);
  });
});
