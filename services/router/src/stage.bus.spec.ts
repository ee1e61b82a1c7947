import { type Bus, connectBus, type Dispatcher } from '@sluice/bus';
import type { Answer, Failure } from '@sluice/contracts';
import { type NatsServer, startNatsServer, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { envelopeFor, openRouter, type RouterHarness } from './router-harness.ts';

const body = { model: 'chat', messages: [{ role: 'user', content: 'Say something.' }] };

let server: NatsServer;
let provider: SimulatedProvider;
let router: RouterHarness;
let bus: Bus;
let dispatcher: Dispatcher;

beforeAll(async () => {
  [server, provider] = await Promise.all([startNatsServer(), startSimulatedProvider()]);
  router = openRouter({
    providers: [{ name: 'sim', type: 'openai-compatible', baseUrl: provider.url, forwardHeaders: ['x-sim-*'] }],
    models: [{ name: 'chat', targets: [{ provider: 'sim', model: 'sim' }] }],
  });
  bus = await connectBus({
    servers: server.url,
    service: 'router',
    version: '0.1.0',
    description: 'test',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
  await bus.serveStage(router.stage);
  dispatcher = await bus.createDispatcher({ hopBudgetMs: 2_000 });
  // Presence comes with a heartbeat a second.
  await vi.waitFor(
    () => {
      expect(dispatcher.presence.isLive('router')).toBe(true);
    },
    { timeout: 5_000 },
  );
});

afterAll(async () => {
  await bus.close();
  await router.close();
  await Promise.all([provider.stop(), server.stop()]);
});

interface Heard {
  text: string;
  head?: Answer;
  final?: Answer;
  failure?: Failure;
}

function dispatch(
  asked: object,
  headers: Record<string, string> = {},
  id = 'req_01JD0000000000000000000000',
): { heard: Heard; cancel: () => void } {
  const heard: Heard = { text: '' };
  const envelope = envelopeFor(asked, { headers, envelope: { id } });
  const request = {
    envelope,
    body: Buffer.from(JSON.stringify(asked)),
    slip: ['router'],
    deadline: Date.now() + 10_000,
    onUnavailable: () => 'refuse' as const,
  };
  const exchange = dispatcher.dispatch(request, {
    unmask: () => undefined,
    head: (answer) => {
      heard.head = answer;
    },
    chunk: (bytes, written) => {
      heard.text += Buffer.from(bytes).toString();
      written();
    },
    final: (answer, bytes) => {
      heard.final = answer;
      heard.text += Buffer.from(bytes).toString();
    },
    error: (failure) => {
      heard.failure = failure;
    },
  });
  return {
    heard,
    cancel: () => {
      exchange.cancel();
    },
  };
}

describe('the router on the bus', () => {
  it('answers a plain request', async () => {
    const { heard } = dispatch(body);
    await vi.waitFor(() => {
      expect(heard.final).toMatchObject({ stage: 'router', status: 200, provider: 'sim' });
    });
    expect(heard.text).toContain('chat.completion');
  });

  it('answers with a stream that ends in one final', async () => {
    const { heard } = dispatch({ ...body, stream: true });
    await vi.waitFor(() => {
      expect(heard.final?.usage?.output).toBeGreaterThan(0);
    });
    expect(heard.head?.contentType).toBe('text/event-stream');
    expect(heard.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('ends a broken stream in an error with the attempts', async () => {
    const { heard } = dispatch({ ...body, stream: true }, { 'x-sim-fault': 'truncate', 'x-sim-chunk-delay-ms': '1' });
    await vi.waitFor(() => {
      expect(heard.failure?.error.code).toBe('provider_error');
    });
    expect(heard.failure?.attempts[0]?.usage?.estimated).toBe(true);
  });

  it('ends the upstream call when the client leaves', async () => {
    provider.clearCalls();
    const { cancel } = dispatch(body, { 'x-sim-fault': 'hang' }, 'req_01JD0000000000000000000001');
    await vi.waitFor(() => {
      expect(provider.calls()).toHaveLength(1);
    });
    cancel();
    await vi.waitFor(() => {
      expect(provider.calls()[0]?.outcome).toBe('aborted');
    });
  });
});
