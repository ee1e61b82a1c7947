import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startGateway, type Gateway } from './harness/gateway.ts';
import { ask, readStream } from './harness/read-stream.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
}, 120_000);
afterAll(() => gateway.stop());

const fresh = { 'cache-control': 'no-store' };

describe('failover', () => {
  it('asks the second provider when the first answers 500', async () => {
    const { response, request_id } = await gateway
      .client({ headers: { ...fresh, 'x-sim-status': 'a:500' } })
      .chat.completions.create(ask('Who is there?', 'twice'))
      .withResponse();
    expect(response.headers.get('x-sluice-provider')).toBe('b');
    const calls = gateway.callsOf(request_id ?? '');
    expect(Number(response.headers.get('x-sluice-attempts'))).toBe(calls.length);
    expect(calls.map((call) => call.status)).toEqual(expect.arrayContaining([500, 200]));
    expect(await gateway.admin.ledgerRow(request_id ?? '')).toMatchObject({ provider: 'b', attempts: calls.length, status: 200 });
  });

  it('asks the second provider when the first cuts the connection', async () => {
    const { response } = await gateway
      .client({ headers: { ...fresh, 'x-sim-fault': 'a:reset' } })
      .chat.completions.create(ask('Who is still there?', 'twice'))
      .withResponse();
    expect(response.headers.get('x-sluice-provider')).toBe('b');
  });

  it('streams from the second provider when the first fails before its first content', async () => {
    const { data, response } = await gateway
      .client({ headers: { ...fresh, 'x-sim-status': 'a:503' } })
      .chat.completions.create({ ...ask('Who streams?', 'twice'), stream: true })
      .withResponse();
    expect(response.headers.get('x-sluice-provider')).toBe('b');
    expect((await readStream(data)).text).toContain('Who streams?');
  });

  it('answers 503 naming the provider when none can be reached, and when to come again', async () => {
    const answer = await gateway.post('/v1/chat/completions', ask('Anybody?', 'down'));
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({
      error: { code: 'model_unavailable', message: expect.stringContaining('closed') as unknown },
    });
  });

  it('says when to come again where every target is at its rate limit', async () => {
    const answer = await gateway.post('/v1/chat/completions', ask('Busy?', 'limited'), {
      ...fresh,
      'x-sim-status': '429',
      'x-sim-retry-after': '7',
    });
    expect([429, 503]).toContain(answer.status);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(7);
  });

  it('passes on what the provider says of a request that is wrong, and asks no other', async () => {
    const answer = await gateway.post('/v1/chat/completions', ask('Wrong?', 'twice'), { ...fresh, 'x-sim-status': 'a:400' });
    expect(answer.status).toBe(400);
    expect(gateway.callsOf(answer.headers.get('x-request-id') ?? '')).toHaveLength(1);
  });

  it('ends a stream that breaks with an error event the client understands', async () => {
    const stream = await gateway
      .client({ headers: { ...fresh, 'x-sim-fault': 'truncate', 'x-sim-output-tokens': '60' } })
      .chat.completions.create({ ...ask('Will this break?'), stream: true });
    await expect(readStream(stream)).rejects.toBeInstanceOf(OpenAI.APIError);
  });
});

describe('time', () => {
  it('cancels the provider call when the client hangs up, and settles it', async () => {
    const controller = new AbortController();
    const { data, request_id } = await gateway
      .client({ headers: { ...fresh, 'x-sim-chunk-delay-ms': '100', 'x-sim-output-tokens': '500' } })
      .chat.completions.create({ ...ask('Tell me at length'), stream: true }, { signal: controller.signal })
      .withResponse();
    for await (const chunk of data) {
      if (chunk.choices[0]?.delta.content !== undefined) break;
    }
    controller.abort();
    await vi.waitFor(() => {
      expect(gateway.callsOf(request_id ?? '').map((call) => call.outcome)).toEqual(['aborted']);
    }, 3_000);
    expect(await gateway.admin.ledgerRow(request_id ?? '')).toMatchObject({ outcome: 'cancelled', status: 499 });
  });

  it('cancels a plain call too', async () => {
    const controller = new AbortController();
    const before = gateway.a.calls().length;
    const asked = gateway
      .client({ headers: { ...fresh, 'x-sim-latency-ms': '10000' } })
      .chat.completions.create(ask('Take your time'), { signal: controller.signal });
    await vi.waitFor(() => {
      expect(gateway.a.calls().length).toBe(before + 1);
    }, 3_000);
    controller.abort();
    await expect(asked).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await vi.waitFor(() => {
      expect(gateway.a.calls().at(-1)?.outcome).toBe('aborted');
    }, 3_000);
    expect(await gateway.admin.ledgerRow(gateway.a.calls().at(-1)?.requestId ?? '')).toMatchObject({ outcome: 'cancelled' });
  });

  it('answers 504 after the time that the request allows, and leaves no call behind', async () => {
    const startedAt = Date.now();
    const answer = await gateway.post('/v1/chat/completions', ask('How long?'), {
      ...fresh,
      'x-request-timeout-ms': '400',
      'x-sim-latency-ms': '10000',
    });
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ error: { code: 'deadline_exceeded' } });
    expect(Date.now() - startedAt).toBeLessThan(3_000);
    await vi.waitFor(() => {
      expect(gateway.callsOf(answer.headers.get('x-request-id') ?? '').map((call) => call.outcome)).toEqual(['aborted']);
    }, 3_000);
  });
});
