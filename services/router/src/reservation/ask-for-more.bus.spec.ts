import { type Bus, connectBus } from '@sluice/bus';
import { calls, type Reservation } from '@sluice/contracts';
import { type NatsServer, type SimulatedProvider, startNatsServer, startSimulatedProvider } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { z } from 'zod';
import { drain, expectKind, openRouter, type RouterHarness } from '../router-harness.ts';
import { extendOver } from './ask-for-more.ts';

type Asked = z.output<typeof calls.extendReservation.request>;

const reservation: Reservation = { instance: 'metering-1', inputTokens: 11, outputTokens: 40, bound: true };
const body = { model: 'chat', stream: true, messages: [{ role: 'user', content: 'Say something long.' }] };

let server: NatsServer;
let provider: SimulatedProvider;
let router: RouterHarness;
let asker: Bus;
let metering: Bus | undefined;

function connect(service: string): Promise<Bus> {
  const common = { version: '0.1.0', description: 'test', log: pino({ level: 'silent' }), tracing: false, hopBudgetMs: 2_000, echo: true };
  return connectBus({ servers: server.url, service, ...common });
}

beforeAll(async () => {
  [server, provider] = await Promise.all([startNatsServer(), startSimulatedProvider()]);
  asker = await connect('router');
  router = openRouter(
    {
      providers: [{ name: 'sim', type: 'openai-compatible', apis: ['chat'], baseUrl: provider.url, forwardHeaders: ['x-sim-*'] }],
      models: [{ name: 'chat', targets: [{ provider: 'sim', model: 'sim' }] }],
    },
    { extend: extendOver(asker) },
  );
});
afterEach(() => metering?.close());
afterAll(async () => {
  await router.close();
  await asker.close();
  await Promise.all([provider.stop(), server.stop()]);
});

/** A metering that has so many tokens left. */
async function answer(left: number): Promise<Asked[]> {
  const asked: Asked[] = [];
  metering = await connect('metering');
  await metering.respond(calls.extendReservation, (request) => {
    asked.push(request);
    const granted = request.outputTokens <= left;
    if (granted) left -= request.outputTokens;
    return { granted };
  });
  return asked;
}

async function finish(outputTokens: number, held = reservation) {
  const envelope = { found: { metering: { reservation: held } }, user: 'ann', tags: { project: 'apollo' } };
  const headers = { 'x-sim-output-tokens': String(outputTokens), 'x-sim-chunk-delay-ms': '1' };
  const { end } = await drain(expectKind(await router.ask(body, { headers, envelope }), 'stream'));
  return end;
}

it('asks metering for all that a stream needs, as the request that it is', async () => {
  const asked = await answer(1_000);
  const end = await finish(300);
  expect(end).toMatchObject({ finishReason: 'stop', usage: { output: 300 } });
  expect(asked.map(({ outputTokens }) => outputTokens)).toEqual([40, 80, 160, 320]);
  expect(asked[0]).toMatchObject({
    requestId: 'req_01JD0000000000000000000000',
    model: 'chat',
    inputTokens: 0,
    user: 'ann',
    tags: { project: 'apollo' },
  });
  expect(asked[0]?.deadline).toBeGreaterThan(Date.now());
});

it('asks whoever reserved for the request, where it is there', async () => {
  const other = await connect('metering');
  await other.respond(calls.extendReservation, () => ({ granted: false }));
  const asked = await answer(1_000);
  const end = await finish(300, { ...reservation, instance: metering?.instance ?? '' });
  expect(end).toMatchObject({ finishReason: 'stop' });
  expect(asked).toHaveLength(4);
  await other.close();
});

it('uses what is left to the last sentence, and ends the stream there', async () => {
  const asked = await answer(100);
  const end = await finish(300);
  expect(end).toMatchObject({ finishReason: 'length', usage: { estimated: true } });
  // 40 are held; 40, 40 and 20 of the 100 that are left are granted.
  expect(end.usage?.output).toBeGreaterThanOrEqual(120);
  expect(end.usage?.output).toBeLessThan(140 + 3);
  expect(asked.length).toBeLessThanOrEqual(12);
});

it('ends the stream at what it holds where no metering is there', async () => {
  const end = await finish(300);
  expect(end).toMatchObject({ finishReason: 'length', usage: { estimated: true } });
  expect(end.usage?.output).toBeLessThan(43);
});
