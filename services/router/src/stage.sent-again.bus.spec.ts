import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, connectBus } from '@sluice/bus';
import type { Answer } from '@sluice/contracts';
import { type NatsServer, startNatsServer, startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { CallJournal } from './calls/call-journal.ts';
import { callName, readCalls, readEnds } from './calls/journal-lines.ts';
import { envelopeFor, openRouter, type RouterHarness } from './router-harness.ts';

const id = 'req_01JD0000000000000000000000';
const body = { model: 'chat', messages: [{ role: 'user', content: 'Say something.' }] };
const log = pino({ level: 'silent' });
/** Shorter than the time after which the router says `accepted`, as on a machine so late that ingress does not hear it in time. */
const hopBudgetMs = 100;
const acceptAfterMs = 60_000;

let directory: string;
let journal: CallJournal;
let server: NatsServer;
let provider: SimulatedProvider;
let router: RouterHarness;
let bus: Bus;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-sent-again-'));
  journal = new CallJournal({ directory, instance: 'a', maxBytes: 1_000_000 }, Date.now, log);
  [server, provider] = await Promise.all([startNatsServer(), startSimulatedProvider()]);
  router = openRouter(
    {
      providers: [{ name: 'sim', type: 'openai-compatible', baseUrl: provider.url, forwardHeaders: ['x-sim-*'] }],
      models: [{ name: 'chat', targets: [{ provider: 'sim', model: 'sim' }] }],
    },
    { journal, settings: { ACCEPT_AFTER_MS: acceptAfterMs } },
  );
  const connection = { service: 'router', version: '0.1.0', description: 'test', log, tracing: false, echo: true };
  bus = await connectBus({ servers: server.url, ...connection, hopBudgetMs: 10_000 });
  await bus.serveStage(router.stage);
});

afterAll(async () => {
  await bus.close();
  await router.close();
  await Promise.all([provider.stop(), server.stop()]);
  journal.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What makes more calls than settlements tell of: the journal tells of the others, once the request must have ended. */
it('notes both calls of a request that was sent again while its first one ran, of which the answer tells one', async () => {
  const dispatcher = await bus.createDispatcher({ hopBudgetMs });
  await vi.waitFor(
    () => {
      expect(dispatcher.presence.isLive('router')).toBe(true);
    },
    { timeout: 5_000 },
  );
  const heard = Promise.withResolvers<Answer>();
  const exchange = dispatcher.dispatch(
    {
      envelope: envelopeFor(body, { headers: { 'x-sim-latency-ms': '1500' }, envelope: { id } }),
      body: Buffer.from(JSON.stringify(body)),
      slip: ['router'],
      deadline: Date.now() + 10_000,
      onUnavailable: () => 'refuse' as const,
    },
    {
      unmask: () => undefined,
      head: () => undefined,
      chunk: (_, written) => {
        written();
      },
      final: (answer) => {
        heard.resolve(answer);
      },
      error: ({ error }) => {
        heard.reject(new Error(error.message));
      },
    },
  );
  const { attempts } = await heard.promise;
  expect(attempts.map((attempt) => attempt.id)).toEqual(['1.1']);
  expect(exchange.callsUnknown).toBe(true);
  await vi.waitFor(() => {
    expect(provider.calls()).toHaveLength(2);
  });
  const called = provider.calls().map(({ attempt }) => attempt);
  expect(called[0]).toBe('1.1');
  const noted = (await Promise.all(journal.files().map(readCalls))).flat();
  expect(noted.map(({ attempt }) => attempt.id)).toEqual(called);
  const names = new Set(noted.map(({ subject, attempt }) => callName(subject.requestId, attempt)));
  await vi.waitFor(async () => {
    expect((await readEnds(journal.files(), names)).size).toBe(2);
  }, 5_000);
});

it('says accepted at the next sweep where the request was long on its way: ingress is about to send it again', async () => {
  const accepted = vi.fn();
  const controller = new AbortController();
  const asked = router.ask(body, {
    headers: { 'x-sim-fault': 'hang' },
    envelope: { id: 'req_01JD0000000000000000000001', dispatchedAt: Date.now() - acceptAfterMs },
    context: { accepted, signal: controller.signal },
  });
  await vi.waitFor(() => {
    expect(accepted).toHaveBeenCalledTimes(1);
  });
  controller.abort();
  await asked;
});
