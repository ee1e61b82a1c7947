import { connectBus, type Bus, type EventPublisher } from '@sluice/bus';
import { calls, streams, subjects, usageEventTypes } from '@sluice/contracts';
import { startNatsServer, type NatsServer } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission } from './admission.ts';
import { sampleRequest, sampleSnapshot } from './metering-samples.ts';
import { readUsage } from './read-usage.ts';
import { readSettlement } from './settled-events.ts';

const now = 1_000_000;
const snapshot = sampleSnapshot({ key: { tokensPerMinute: 100, concurrency: 4 } });

let server: NatsServer;
let metering: Bus;
let ingress: Bus;
let events: EventPublisher;
let admission = new Admission(snapshot);

function connect(service: string): Promise<Bus> {
  return connectBus({
    servers: server.url,
    service,
    version: '0.1.0',
    description: 'test',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: false,
  });
}

beforeAll(async () => {
  server = await startNatsServer();
  [metering, ingress] = await Promise.all([connect('metering'), connect('ingress')]);
  await ingress.ensureStream({ name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: 60_000, duplicateWindowMs: 10_000 });
  events = await ingress.createEventPublisher('ingress');
  metering.subscribe(subjects.anyUsage, (data) => {
    const settlement = readSettlement(data, (requestId) => admission.holds(requestId));
    if (settlement !== undefined) admission.settle(now, settlement.requestId, settlement.usage);
  });
  await metering.respond(calls.readUsage, ({ keyId }) => readUsage(admission, snapshot, keyId, now));
});

afterAll(async () => {
  await Promise.all([metering.close(), ingress.close()]);
  await server.stop();
});

beforeEach(() => {
  admission = new Admission(snapshot);
  admission.admit(now, sampleRequest('req_1'));
});

const about = {
  requestId: 'req_1',
  organization: 'acme',
  team: 'support',
  keyId: 'key_web',
  tags: {},
  dialect: 'openai-chat',
  modelAsked: 'chat',
  configVersion: 1,
  stream: false,
  status: 200,
  guards: [],
  latencyMs: 1,
  admitted: true,
};

describe('settlements over the bus', () => {
  it('releases what a settled event did not use', async () => {
    events.publish(subjects.usage('acme', 'support'), {
      id: 'req_1:settled',
      type: usageEventTypes.settled,
      subject: 'acme/support/key_web',
      data: { ...about, outcome: 'completed', attempts: [], usage: { input: 4, output: 6 }, cache: 'miss' },
    });
    await vi.waitFor(() => {
      expect(admission.open).toBe(0);
    });
    const { scopes } = await ingress.request(calls.readUsage, { keyId: 'key_web' }, { timeoutMs: 2_000 });
    expect(scopes).toEqual([
      { scope: 'key', name: 'web', limit: 'tokens', window: 'minute', used: 10, remaining: 90, resetMs: 60_000 },
      { scope: 'key', name: 'web', limit: 'concurrency', window: 'now', used: 0, remaining: 4, resetMs: 0 },
    ]);
  });

  it('releases everything of a refused request', async () => {
    events.publish(subjects.usage('acme', 'support'), {
      id: 'req_1:refused',
      type: usageEventTypes.refused,
      subject: 'acme/support/key_web',
      data: { ...about, status: 403, errorCode: 'content_policy_violation', stage: 'guardrail' },
    });
    await vi.waitFor(() => {
      expect(admission.open).toBe(0);
    });
    const { scopes } = await ingress.request(calls.readUsage, { keyId: 'key_web' }, { timeoutMs: 2_000 });
    expect(scopes[0]).toMatchObject({ limit: 'tokens', used: 0 });
  });

  it('survives what anyone may put on the subject', async () => {
    ingress.publish('sluice.v1.usage.acme.support', Buffer.from('not an event'));
    ingress.publish('sluice.v1.usage.acme.support', Buffer.from('{"id":"req_1:settled","data":{"requestId":"req_1","usage":{}}}'));
    const { scopes } = await ingress.request(calls.readUsage, { keyId: 'key_web' }, { timeoutMs: 2_000 });
    expect(scopes[1]).toMatchObject({ limit: 'concurrency', used: 1 });
  });
});
