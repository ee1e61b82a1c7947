import { findFreePort, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { drain, expectKind, openRouter, type RouterHarness } from './router-harness.ts';

const body = { model: 'both', messages: [{ role: 'user', content: 'Say something.' }] };

let a: SimulatedProvider;
let b: SimulatedProvider;
let router: RouterHarness;

beforeAll(async () => {
  [a, b] = await Promise.all([startSimulatedProvider({ name: 'a' }), startSimulatedProvider({ name: 'b' })]);
});

afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
});

// A router of its own for each test: cool-downs of one must not reach the next.
beforeEach(async () => {
  a.clearCalls();
  b.clearCalls();
  const common = { type: 'openai-compatible' as const, apis: ['chat' as const], forwardHeaders: ['x-sim-*'] };
  const retries = { maxAttempts: 2, baseDelay: '1ms', maxDelay: '1500ms' };
  const targets = ['a', 'b'].map((provider) => ({ provider, model: 'sim-small' }));
  const opened = openRouter(
    {
      providers: [
        { name: 'a', baseUrl: a.url, ...common, maxConnections: 8, timeouts: { total: '400ms' } },
        { name: 'b', baseUrl: b.url, ...common, maxConnections: 8 },
        { name: 'nowhere', baseUrl: `http://127.0.0.1:${await findFreePort()}/v1`, type: 'openai-compatible' },
      ],
      models: [
        {
          name: 'both',
          targets: [
            { provider: 'a', model: 'sim' },
            { provider: 'b', model: 'sim' },
          ],
          retries,
        },
        { name: 'only-a', targets: [{ provider: 'a', model: 'sim' }], retries },
        { name: 'only-b', targets: [{ provider: 'b', model: 'sim' }], retries },
        { name: 'unguarded', targets, retries, breaker: { enabled: false } },
        { name: 'down', targets: [{ provider: 'nowhere', model: 'sim' }], retries },
        {
          name: 'first-down',
          targets: [
            { provider: 'nowhere', model: 'sim' },
            { provider: 'a', model: 'sim' },
          ],
          retries,
        },
      ],
    },
    { settings: { ACCEPT_AFTER_MS: 50 } },
  );
  router = opened;
  return () => opened.close();
});

describe('failover', () => {
  it('asks the next target before the same one again, and tells every attempt', async () => {
    const outcome = expectKind(await router.ask(body, { headers: { 'x-sim-status': 'a:500' } }), 'reply');
    const tried = outcome.answer.attempts?.map(({ provider, status, failure }) => ({ provider, status, failure }));
    expect(tried).toEqual([
      { provider: 'a', status: 500, failure: 'http_500' },
      { provider: 'b', status: 200, failure: undefined },
    ]);
    expect([...a.calls(), ...b.calls()].map((call) => call.attempt)).toEqual(['1.1', '1.2']);
  });

  it('asks all targets once more when all have failed', async () => {
    const headers = { 'x-sim-status': 'a:500;first=1, b:503', 'x-sim-key': 'twice-round' };
    const outcome = expectKind(await router.ask(body, { headers }), 'reply');
    expect(outcome.answer.attempts?.map(({ provider, status }) => [provider, status])).toEqual([
      ['a', 500],
      ['b', 503],
      ['a', 200],
    ]);
  });

  it('goes on to the next target where nobody listens', async () => {
    const outcome = expectKind(await router.ask({ ...body, model: 'first-down' }), 'reply');
    expect(outcome.answer.provider).toBe('a');
    expect(outcome.answer.attempts?.[0]).toMatchObject({ provider: 'nowhere', status: 0, failure: 'connect' });
  });

  it.each([
    ['reset', 'connection_lost'],
    ['malformed', 'malformed_answer'],
    ['content-type', 'malformed_answer'],
    ['truncate', 'broken_stream'],
    ['hang', 'timeout'],
  ])('goes on to the next target on %s', async (fault, failure) => {
    const outcome = expectKind(await router.ask(body, { headers: { 'x-sim-fault': `a:${fault}` } }), 'reply');
    expect(outcome.answer.provider).toBe('b');
    expect(outcome.answer.attempts?.[0]?.failure).toBe(failure);
  });

  it.each([401, 403])('treats %i as our own misconfiguration and asks the next target at once', async (status) => {
    const outcome = expectKind(await router.ask(body, { headers: { 'x-sim-status': `a:${status}` } }), 'reply');
    expect(outcome.answer.attempts?.map((attempt) => attempt.status)).toEqual([status, 200]);
  });
});

describe("a refusal that is the client's own", () => {
  it.each([
    [400, 'invalid_request'],
    [413, 'request_too_large'],
    [422, 'invalid_request'],
  ])('is told with the words of the provider and asks nobody else: %i', async (status, code) => {
    const { error, attempts } = expectKind(await router.ask(body, { headers: { 'x-sim-status': String(status) } }), 'refuse');
    expect(error).toMatchObject({ code, detail: { providerStatus: status } });
    expect(error.message).toContain(String(status));
    expect(attempts).toHaveLength(1);
    expect(b.calls()).toHaveLength(0);
  });
});

describe('a model that one provider does not have', () => {
  it('is asked of the next target', async () => {
    const outcome = expectKind(await router.ask(body, { headers: { 'x-sim-status': 'a:404' } }), 'reply');
    expect(outcome.answer.attempts?.map(({ provider, status }) => [provider, status])).toEqual([
      ['a', 404],
      ['b', 200],
    ]);
  });

  it('is not found where no target has it', async () => {
    const { error } = expectKind(await router.ask(body, { headers: { 'x-sim-status': '404' } }), 'refuse');
    expect(error).toMatchObject({ code: 'not_found', detail: { providerStatus: 404 } });
  });
});

describe('rate limits', () => {
  it('waits as long as the provider asks before it calls the same target again', async () => {
    const startedAt = Date.now();
    const headers = { 'x-sim-status': '429;first=1', 'x-sim-retry-after': '1', 'x-sim-key': 'waits' };
    const outcome = expectKind(await router.ask({ ...body, model: 'only-b' }, { headers }), 'reply');
    expect(outcome.answer.attempts?.map((attempt) => attempt.status)).toEqual([429, 200]);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990);
  });

  it('goes on at once where the provider asks for more than the longest delay', async () => {
    const headers = { 'x-sim-status': 'a:429', 'x-sim-retry-after': '30' };
    const outcome = expectKind(await router.ask(body, { headers }), 'reply');
    expect(outcome.answer.attempts?.map((attempt) => attempt.status)).toEqual([429, 200]);
  });

  it('are answered with 503 and the soonest retry-after where every target has one', async () => {
    const headers = { 'x-sim-status': '429', 'x-sim-retry-after': '30' };
    const { error, attempts } = expectKind(await router.ask(body, { headers }), 'refuse');
    expect(error).toMatchObject({ code: 'overloaded', status: 503, retryAfterSeconds: 30 });
    expect(attempts).toHaveLength(2);
  });
});

describe('when every target fails', () => {
  it('answers 503 with retry-after where nobody can be reached', async () => {
    const { error, attempts } = expectKind(await router.ask({ ...body, model: 'down' }), 'refuse');
    expect(error).toMatchObject({ code: 'model_unavailable', status: 503, retryAfterSeconds: 1 });
    expect(error.message).toContain('nowhere: connect');
    expect(attempts).toHaveLength(2);
  });

  it('answers 502 and names the class of failure where somebody answered badly', async () => {
    const { error } = expectKind(await router.ask({ ...body, model: 'only-b' }, { headers: { 'x-sim-status': '500' } }), 'refuse');
    expect(error).toMatchObject({ code: 'provider_error', status: 502 });
    expect(error.message).toContain('b: http_500');
  });

  it('answers 504 where none answered in time', async () => {
    const { error } = expectKind(await router.ask({ ...body, model: 'only-a' }, { headers: { 'x-sim-fault': 'hang' } }), 'refuse');
    expect(error.status).toBe(504);
  });

  it('answers 504 at the deadline', async () => {
    const deadline = Date.now() + 100;
    const asked = router.ask({ ...body, model: 'only-b' }, { headers: { 'x-sim-fault': 'hang' }, context: { deadline } });
    expect(expectKind(await asked, 'refuse').error.code).toBe('deadline_exceeded');
    expect(Date.now() - deadline).toBeLessThan(1_000);
  });

  it('makes no call after the deadline', async () => {
    const outcome = await router.ask(body, { context: { deadline: Date.now() - 1 } });
    expect(expectKind(outcome, 'refuse').error.code).toBe('deadline_exceeded');
    expect(a.calls()).toHaveLength(0);
  });
});

describe('cancellation', () => {
  it('ends the upstream call', async () => {
    const controller = new AbortController();
    const context = { signal: controller.signal };
    const asked = router.ask({ ...body, model: 'only-b' }, { headers: { 'x-sim-fault': 'hang' }, context });
    await vi.waitFor(() => {
      expect(b.calls()).toHaveLength(1);
    });
    controller.abort();
    expect(expectKind(await asked, 'refuse').error.code).toBe('client_closed_request');
    await vi.waitFor(() => {
      expect(b.calls()[0]?.outcome).toBe('aborted');
    });
  });

  it('ends a wait before a retry', async () => {
    const controller = new AbortController();
    const headers = { 'x-sim-status': '429', 'x-sim-retry-after': '1' };
    const asked = router.ask({ ...body, model: 'only-b' }, { headers, context: { signal: controller.signal } });
    await vi.waitFor(() => {
      expect(b.calls()[0]?.outcome).toBe('completed');
    });
    controller.abort();
    expect(expectKind(await asked, 'refuse').error.code).toBe('client_closed_request');
    expect(b.calls()).toHaveLength(1);
  });
});

describe('accepted', () => {
  it('is said once for a call that takes long', async () => {
    const accepted = vi.fn();
    await router.ask(body, { headers: { 'x-sim-latency-ms': '200' }, context: { accepted } });
    expect(accepted).toHaveBeenCalledTimes(1);
    expect(accepted).toHaveBeenCalledWith({
      id: '1.1',
      provider: expect.any(String) as string,
      model: expect.any(String) as string,
      startedAt: expect.any(Number) as number,
    });
  });

  it('is not said for one that does not', async () => {
    const accepted = vi.fn();
    await router.ask({ ...body, model: 'only-b' }, { context: { accepted } });
    expect(accepted).not.toHaveBeenCalled();
  });
});

describe('a circuit breaker', () => {
  it('leaves an ill target out, and says so in the log', async () => {
    const headers = { 'x-sim-status': 'a:500' };
    for (let round = 0; round < 5; round++) await router.ask(body, { headers });
    const outcome = expectKind(await router.ask(body), 'reply');
    expect(outcome.answer).toMatchObject({ provider: 'b', attempts: [{ provider: 'b' }] });
    expect(router.log()).toContain('its breaker opened');
  });

  it('makes a model whose only target is out 503 with retry-after, at once and without a call', async () => {
    const asked = { ...body, model: 'only-b' };
    for (let round = 0; round < 3; round++) await router.ask(asked, { headers: { 'x-sim-status': '500' } });
    b.clearCalls();
    const { error } = expectKind(await router.ask(asked), 'refuse');
    expect(error).toMatchObject({ code: 'model_unavailable', status: 503 });
    expect(error.retryAfterSeconds).toBeGreaterThan(0);
    expect(b.calls()).toHaveLength(0);
  });
});

describe('2,000 faults', () => {
  it('leave no socket, no timer and no watch behind', { timeout: 60_000 }, async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const timersBefore = timers();
    const faults = [
      { 'x-sim-fault': 'reset' },
      { 'x-sim-fault': 'truncate' },
      { 'x-sim-status': '500' },
      { 'x-sim-fault': 'malformed' },
      { 'x-sim-fault': 'error-event' },
    ];
    let left = 1_000;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const outcome = await router.ask(
          { ...body, model: 'unguarded', stream: left % 2 === 0 },
          { headers: faults[left % faults.length] ?? {} },
        );
        if (outcome.kind === 'stream') await drain(outcome);
      }
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(a.calls().length + b.calls().length).toBeGreaterThanOrEqual(2_000);
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    // Both ends of each connection live in this process; a and b have 8 connections each at most.
    await vi.waitFor(() => {
      expect(sockets()).toBeLessThanOrEqual(2 * 2 * 8 + 4);
    });
    await router.close();
    await vi.waitFor(() => {
      expect(sockets()).toBeLessThanOrEqual(4);
      // One may be this wait's own.
      expect(timers()).toBeLessThanOrEqual(timersBefore + 1);
    });
  });
});
