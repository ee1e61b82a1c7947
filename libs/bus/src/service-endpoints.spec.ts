import { calls, SluiceError } from '@sluice/contracts';
import { startNatsServer, type NatsServer } from '@sluice/testing';
import fc from 'fast-check';
import { connect, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type BusBench, openBus, PlainIngress, serverBinary } from './bus-bench.ts';
import { connectBus } from './connect.ts';
import { defineStage, refuse } from './stage.ts';

let server: NatsServer;
let plain: NatsConnection;
let asking: BusBench;
let answering: BusBench;
const call = calls.checkMasking;
const request = { text: 'Mail a@b.example', policy: 'default' };

beforeAll(async () => {
  server = await startNatsServer(serverBinary);
  plain = await connect({ servers: server.url });
});

afterAll(async () => {
  await plain.close();
  await server.stop();
});

beforeEach(async () => {
  asking = await openBus(server.url, 'ingress');
  answering = await openBus(server.url, 'masking');
});

afterEach(async () => {
  await Promise.all([asking.bus.close(), answering.bus.close()]);
});

it('brings a request to its handler and the response back', async () => {
  await answering.bus.respond(call, ({ text, policy }) => ({ text: `${policy}: ${text}`, entities: [] }));
  expect(await asking.bus.request(call, request, { timeoutMs: 5_000 })).toEqual({ text: 'default: Mail a@b.example', entities: [] });
});

it("gives the responder's own error to the caller", async () => {
  await answering.bus.respond(call, () => {
    throw new SluiceError('rate_limit_exceeded', 'Slow down.', { retryAfterSeconds: 7, param: 'text' });
  });
  await expect(asking.bus.request(call, request, { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'rate_limit_exceeded',
    message: 'Slow down.',
    detail: { retryAfterSeconds: 7, param: 'text' },
  });
});

it('hides the words of an unexpected error and logs its cause', async () => {
  const cause = new Error('secret detail');
  await answering.bus.respond(call, () => {
    throw cause;
  });
  await expect(asking.bus.request(call, request, { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'internal_error',
    message: expect.not.stringContaining('secret') as string,
  });
  expect(answering.lines).toMatchObject([{ level: 'error', fields: { err: cause } }]);
});

it('refuses a malformed request before the handler sees it, naming the field', async () => {
  let handled = 0;
  await answering.bus.respond(call, () => {
    handled += 1;
    return { text: '', entities: [] };
  });
  const ask = async (payload: string | Uint8Array) => {
    const message = await plain.request(call.subject, payload, { timeout: 5_000 });
    expect(message.headers?.get('Nats-Service-Error-Code')).toBe('400');
    return message.json<{ error: { code: string; message: string } }>().error;
  };
  expect(await ask('{"policy":"default"}')).toMatchObject({ code: 'invalid_request', message: 'text: give the text to mask as a string' });
  expect((await ask('not json')).code).toBe('invalid_request');
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      async (payload) => {
        expect((await ask(payload)).code).toBe('invalid_request');
      },
    ),
    { numRuns: 50 },
  );
  expect(handled).toBe(0);
});

it('says that a service is not there', async () => {
  await expect(asking.bus.request(call, request, { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'stage_unavailable',
    detail: { stage: 'masking' },
    message: expect.stringContaining('is not available') as string,
  });
});

it('says that a service did not answer in time', async () => {
  await answering.bus.respond(call, () => new Promise<never>(() => undefined));
  await expect(asking.bus.request(call, request, { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'stage_unavailable',
    message: expect.stringContaining('did not answer in time') as string,
  });
});

it('blames the service for an answer that does not fit', async () => {
  plain.subscribe(call.subject, { max: 2, callback: (_error, message) => message.respond(message.string().includes('json') ? 'x' : '{}') });
  await plain.flush();
  for (const text of ['json', 'shape']) {
    await expect(asking.bus.request(call, { ...request, text }, { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'internal_error' });
  }
});

it('shows the stage, its calls and their counts to NATS micro service tools', async () => {
  const handle = () => refuse(new SluiceError('invalid_request', 'no'));
  await answering.bus.serveStage(
    defineStage({ name: 'masking', version: '0.1.0', description: 'of the specs', concurrency: 4, queueLimit: 0, handle }),
  );
  await answering.bus.respond(call, () => ({ text: '', entities: [] }));
  const ingress = await PlainIngress.open(server.url);
  ingress.send('masking');
  await ingress.next();
  await asking.bus.request(call, request, { timeoutMs: 5_000 });
  await asking.bus.request(call, request, { timeoutMs: 5_000 });
  const ask = async (verb: string) => (await plain.request(`$SRV.${verb}.masking`, '', { timeout: 5_000 })).json();
  expect(await ask('PING')).toMatchObject({ name: 'masking', version: '0.1.0' });
  expect(await ask('INFO')).toMatchObject({
    description: 'a service of the specs',
    endpoints: [
      { name: 'stage-masking', subject: 'sluice.v1.stage.masking', queue_group: 'masking' },
      { name: 'check-masking', subject: 'sluice.v1.check.masking', queue_group: 'masking' },
    ],
  });
  expect(await ask('STATS')).toMatchObject({
    endpoints: [
      { name: 'stage-masking', num_requests: 1 },
      { name: 'check-masking', num_requests: 2 },
    ],
  });
  await ingress.close();
});

it('refuses to connect to a server that takes too small messages, naming the setting', async () => {
  const small = await startNatsServer({ ...serverBinary, maxPayloadBytes: 65_536 });
  const silent = () => undefined;
  const log = { info: silent, warn: silent, error: silent };
  const options = { servers: small.url, service: 'x', version: '0.1.0', description: 'x', log, tracing: false, hopBudgetMs: 1, echo: true };
  await expect(connectBus(options)).rejects.toThrow("the NATS server's max_payload is 65536 bytes; set it to at least 524288");
  await small.stop();
});

it('brings what is published for storing to one of a group, or to all, with its bytes', async () => {
  const heard: string[] = [];
  const listen = ({ bus }: BusBench, who: string, group: 'one' | 'all') =>
    bus.onStore((store, body) => {
      heard.push(`${who} ${store.key} ${Buffer.from(body.inline ?? []).toString()}`);
    }, group);
  const closables = [listen(answering, 'one', 'one'), listen(asking, 'one', 'one'), listen(asking, 'all', 'all')];
  await Promise.all([asking.bus.keyValue('specs'), answering.bus.keyValue('specs')]); // a round trip: the server has the subscriptions
  const usage = { input: 1, output: 1 };
  const names = { organization: 'acme', team: 'support', dialect: 'openai-chat', model: 'sim', provider: 'sim', providerModel: 'sim' };
  const store = { key: 'k', ttlSeconds: 60, ...names, finishReason: 'stop', usage, storedAt: 1 };
  answering.bus.publishStore(store, Buffer.from('bytes'));
  plain.publish('sluice.v1.cache.store', 'malformed');
  await plain.flush();
  await asking.bus.keyValue('specs');
  await answering.bus.keyValue('specs');
  expect(heard.sort()).toEqual(['all k bytes', 'one k bytes']);
  await Promise.all(closables.map((closable) => closable.close()));
});

it('asks the instance that is named, and any other where that is gone', async () => {
  const other = await openBus(server.url, 'metering');
  const named = await openBus(server.url, 'metering');
  const asked = {
    requestId: 'req_1',
    organization: 'acme',
    team: 'red',
    keyId: 'key_1',
    tags: {},
    model: 'sim',
    outputTokens: 1,
    deadline: 1,
  };
  const ask = (instance?: string) => asking.bus.request(calls.extendReservation, asked, { timeoutMs: 5_000, instance });
  await other.bus.respond(calls.extendReservation, () => ({ granted: false }));
  await named.bus.respond(calls.extendReservation, () => ({ granted: true }));
  for (let time = 0; time < 10; time += 1) expect(await ask(named.bus.instance)).toEqual({ granted: true });
  for (let time = 0; time < 10; time += 1) expect(await ask(other.bus.instance)).toEqual({ granted: false });
  await named.bus.close();
  expect(await ask(named.bus.instance)).toEqual({ granted: false });
  expect(await ask('no subject.*')).toEqual({ granted: false });
  await other.bus.close();
});
