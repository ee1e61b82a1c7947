import { startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { drain, expectKind, openRouter, type RouterHarness } from './router-harness.ts';

const body = { model: 'chat', stream: true, messages: [{ role: 'user', content: 'Say something long.' }] };

let a: SimulatedProvider;
let b: SimulatedProvider;
let router: RouterHarness;

beforeAll(async () => {
  [a, b] = await Promise.all([startSimulatedProvider({ name: 'a' }), startSimulatedProvider({ name: 'b' })]);
  const common = {
    type: 'openai-compatible' as const,
    apis: ['chat' as const],
    forwardHeaders: ['x-sim-*'],
    timeouts: { firstToken: '1s', betweenChunks: '1s' },
  };
  router = openRouter({
    providers: [
      { name: 'a', baseUrl: a.url, ...common },
      { name: 'b', baseUrl: b.url, ...common },
      { name: 'patient', baseUrl: a.url, ...common, timeouts: {} },
    ],
    models: [
      {
        name: 'chat',
        targets: [
          { provider: 'a', model: 'sim' },
          { provider: 'b', model: 'sim' },
        ],
        retries: { maxAttempts: 1 },
        breaker: { enabled: false },
      },
      { name: 'patient', targets: [{ provider: 'patient', model: 'sim' }], breaker: { enabled: false } },
    ],
  });
});

afterAll(async () => {
  await router.close();
  await Promise.all([a.stop(), b.stop()]);
});

describe('a stream', () => {
  it('passes whole events and ends with usage and finish reason', async () => {
    const outcome = expectKind(await router.ask(body), 'stream');
    expect(outcome.head).toMatchObject({ status: 200, contentType: 'text/event-stream', provider: 'a', model: 'sim' });
    expect(outcome.head.attempts).toHaveLength(1);
    const { text, end } = await drain(outcome);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(end.error).toBeUndefined();
    expect(end.finishReason).toBe('stop');
    expect(end.usage?.output).toBeGreaterThan(0);
    expect(end.attempts?.[0]?.timeToFirstTokenMs).toBeGreaterThanOrEqual(0);
  });

  it('asks for usage and hides the event that carries it from a client that did not ask', async () => {
    a.clearCalls();
    const { text, end } = await drain(expectKind(await router.ask(body), 'stream'));
    expect(a.calls()[0]?.body).toContain('"include_usage":true');
    expect(text).not.toContain('"usage":{');
    expect(end.usage?.estimated).toBeUndefined();
  });

  it('leaves the usage event to a client that asked for it', async () => {
    const { text } = await drain(expectKind(await router.ask({ ...body, stream_options: { include_usage: true } }), 'stream'));
    expect(text).toContain('"usage":{');
  });

  it('sends many events in few messages', async () => {
    const outcome = expectKind(await router.ask(body, { headers: { 'x-sim-output-tokens': '2000' } }), 'stream');
    const { text, messages } = await drain(outcome);
    const events = text.split('\n\n').length;
    expect(events).toBeGreaterThan(300);
    expect(messages).toBeLessThan(events / 5);
  });

  it('keeps every byte in order where it comes a byte at a time', async () => {
    const ask = { ...body, model: 'patient', stream_options: { include_usage: true } };
    const whole = await drain(expectKind(await router.ask(ask), 'stream'));
    const dripped = await drain(expectKind(await router.ask(ask, { headers: { 'x-sim-fault': 'drip' } }), 'stream'));
    expect(dripped.text).toBe(whole.text);
  });
});

describe('failover of a stream', () => {
  it.each(['reset', 'hang', 'content-type'])('goes to the next target on %s before the first content', async (fault) => {
    const outcome = expectKind(await router.ask(body, { headers: { 'x-sim-fault': `a:${fault}` } }), 'stream');
    expect(outcome.head.provider).toBe('b');
    expect(outcome.head.attempts).toHaveLength(2);
    const { end } = await drain(outcome);
    expect(end.error).toBeUndefined();
    expect(end.attempts?.[0]?.failure).toMatch(/./);
  });

  it('goes to the next target on an error status', async () => {
    const outcome = expectKind(await router.ask(body, { headers: { 'x-sim-status': 'a:500' } }), 'stream');
    expect(outcome.head.provider).toBe('b');
    expect(outcome.head.attempts?.[0]).toMatchObject({ provider: 'a', status: 500, failure: 'http_500' });
    await drain(outcome);
  });
});

describe('a stream that breaks after content', () => {
  it.each(['truncate', 'error-event', 'malformed', 'hang-stream'])('ends in an error with what was used so far: %s', async (fault) => {
    const headers = { 'x-sim-fault': fault, 'x-sim-output-tokens': '60', 'x-sim-chunk-delay-ms': '1' };
    const { text, end } = await drain(expectKind(await router.ask(body, { headers }), 'stream'));
    expect(text).toContain('"content"');
    expect(text).not.toContain('[DONE]');
    expect(text).not.toContain('"choices":[{\n');
    expect(end.error?.code).toBe('provider_error');
    expect(end.usage).toMatchObject({ estimated: true });
    expect(end.usage?.output).toBeGreaterThan(0);
    expect(end.attempts?.at(-1)?.failure).toMatch(/./);
  });
});

describe('cancellation of a stream', () => {
  const slow = { 'x-sim-chunk-delay-ms': '50', 'x-sim-output-tokens': '400' };

  it('ends the upstream call when the client leaves', async () => {
    a.clearCalls();
    const controller = new AbortController();
    const outcome = expectKind(await router.ask(body, { headers: slow, context: { signal: controller.signal } }), 'stream');
    let read = 0;
    for await (const chunk of outcome.chunks) {
      read += chunk.byteLength;
      controller.abort();
    }
    expect(read).toBeGreaterThan(0);
    expect(outcome.end().error?.code).toBe('client_closed_request');
    await vi.waitFor(() => {
      expect(a.calls()[0]?.outcome).toBe('aborted');
    });
  });

  it('ends the upstream call when the reader stops reading', async () => {
    a.clearCalls();
    const outcome = expectKind(await router.ask(body, { headers: slow }), 'stream');
    for await (const chunk of outcome.chunks) if (chunk.byteLength > 0) break;
    expect(outcome.end().usage?.output).toBeGreaterThan(0);
    await vi.waitFor(() => {
      expect(a.calls()[0]?.outcome).toBe('aborted');
    });
  });

  it('ends the upstream call at the deadline', async () => {
    const deadline = Date.now() + 300;
    const outcome = expectKind(await router.ask(body, { headers: slow, context: { deadline } }), 'stream');
    const { end } = await drain(outcome);
    expect(end.error?.code).toBe('deadline_exceeded');
  });
});
