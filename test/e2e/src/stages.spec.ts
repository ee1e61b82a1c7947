import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startGateway, type Gateway } from './harness/gateway.ts';
import { loadWhileKilling } from './harness/load-while-killing.ts';
import { ask } from './harness/read-stream.ts';

const stages = ['metering', 'guardrail', 'masking', 'cache', 'router'];

describe.each([1, 2])('a stage killed under load, with %i of each', (count) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ replicas: Object.fromEntries(stages.map((stage) => [stage, count])) });
  }, 120_000);
  afterAll(() => gateway.stop());

  it.each(stages)(
    '%s costs delay, no error and no wrong answer',
    async (stage) => {
      const load = await loadWhileKilling(gateway, stage);
      expect(load.errors).toEqual([]);
      expect(load.wrong).toEqual([]);
      expect(load.answered).toBe(load.asked);
      await vi.waitFor(
        async () => {
          expect(gateway.sluice.pids()[stage]).toHaveLength(count);
          expect((await fetch(`${gateway.sluice.url}/readyz`)).status).toBe(200);
        },
        { timeout: 15_000, interval: 100 },
      );
    },
    40_000,
  );
});

describe('a stage that is not there', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({ disabled: ['cache'] });
  }, 120_000);
  afterAll(() => gateway.stop());

  it('is skipped where it is optional, and the answer says so', async () => {
    const { response } = await gateway.client().chat.completions.create(ask('Is there a cache?')).withResponse();
    expect(response.headers.get('x-sluice-guards')).toContain('cache=skipped:unavailable');
    expect(response.headers.get('x-sluice-cache')).toBe('bypass');
  });

  it('refuses with 503 naming it where it is mandatory, until it is back', async () => {
    expect(gateway.sluice.kill('guardrail', 'SIGSTOP')).toBe(1);
    const refused = await vi.waitFor(
      async () => {
        const answer = await gateway.post('/v1/chat/completions', ask('Is there a guard?'));
        expect(answer.status).toBe(503);
        return answer;
      },
      { timeout: 15_000, interval: 200 },
    );
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(await refused.json()).toMatchObject({
      error: { code: 'stage_unavailable', message: expect.stringContaining('guardrail') as unknown },
    });
    expect((await fetch(`${gateway.sluice.url}/readyz`)).status).toBe(503);
    gateway.sluice.kill('guardrail', 'SIGCONT');
    await vi.waitFor(
      async () => {
        expect((await gateway.post('/v1/chat/completions', ask('Is the guard back?'))).status).toBe(200);
      },
      { timeout: 15_000, interval: 200 },
    );
  }, 40_000);

  it('ends a stream that it held with an error event when it is killed, and the ledger has an estimate of what was used', async () => {
    const { data, request_id } = await gateway
      .client({ headers: { 'x-sim-chunk-delay-ms': '100', 'x-sim-output-tokens': '500' } })
      .chat.completions.create({ ...ask('Tell me a long tale'), stream: true })
      .withResponse();
    const chunks = data[Symbol.asyncIterator]();
    expect((await chunks.next()).done).toBe(false);
    gateway.sluice.kill('router');
    await expect(Array.fromAsync({ [Symbol.asyncIterator]: () => chunks })).rejects.toBeInstanceOf(OpenAI.APIError);
    const row = await gateway.admin.ledgerRow(request_id ?? '');
    expect(row).toMatchObject({
      outcome: 'failed',
      usage: { input: expect.any(Number) as number, output: expect.any(Number) as number, estimated: true },
    });
    expect(row.usage.output).toBeGreaterThan(0);
    expect(Number(row.costNanoUsd)).toBeGreaterThan(0);
  }, 40_000);
});
