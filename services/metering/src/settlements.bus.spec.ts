import { connectBus, type Bus, type EventPublisher } from '@sluice/bus';
import { calls, streams, subjects, usageEventTypes } from '@sluice/contracts';
import { startNatsServer, startTcpProxy, type NatsServer, type TcpProxy } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Admission } from './admission/admission.ts';
import { SupplementBook } from './leases/book-supplements.ts';
import { hearSettlements, type SettlementHearing } from './hear-settlements.ts';
import { sampleRequest, sampleSnapshot } from './metering-samples.ts';
import { useDatabase } from './sample-database.ts';
import { readUsage } from './read-usage.ts';

const now = 1_000_000;
const snapshot = sampleSnapshot({ key: { tokensPerMinute: 100, concurrency: 4 }, keyBudgets: [{ usd: 1, window: 'month' }] });

let server: NatsServer;
/** Metering's way to the server. */
let link: TcpProxy;
let metering: Bus;
let ingress: Bus;
let events: EventPublisher;
const sample = useDatabase();
let admission: Admission;
/** Under way: what one test books must not run into the next. */
const booking: Promise<void>[] = [];
let hearing: SettlementHearing;
/** Of two replicas that hear the same. */
let books: SupplementBook[];

function connect(service: string): Promise<Bus> {
  return connectBus({
    servers: service === 'metering' ? `nats://127.0.0.1:${link.port}` : server.url,
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
  link = await startTcpProxy(server.port);
  [metering, ingress] = await Promise.all([connect('metering'), connect('ingress')]);
  await ingress.ensureStream({ name: streams.usage, subjects: [subjects.anyUsage], maxAgeMs: 60_000, duplicateWindowMs: 10_000 });
  events = await ingress.createEventPublisher('ingress');
  hearing = hearSettlements({
    bus: metering,
    clock: Date.now,
    log: { warn: () => undefined },
    holds: (requestId) => admission.holds(requestId),
    settle: ({ requestId, usage, apart }) => {
      admission.settle(requestId, usage);
      if (apart !== undefined) for (const book of books) booking.push(book.add(apart));
    },
    takenOver: (requestId, attempt) => {
      admission.takenOver(requestId, attempt);
    },
    supplement: (supplement) => {
      for (const book of books) booking.push(book.add(supplement));
    },
  });
  await metering.respond(calls.readUsage, (request) => readUsage(admission, snapshot, request, now));
});

afterAll(async () => {
  await Promise.all([metering.close(), ingress.close()]);
  await Promise.all([link.stop(), server.stop()]);
});

afterEach(() => Promise.all(booking.splice(0)));
beforeEach(async () => {
  const { store, ...replica } = sample.openReplica(snapshot, () => now);
  admission = replica.admission;
  const book = (): SupplementBook =>
    new SupplementBook({
      store,
      scopesOf: (asker) => admission.scopesOf(asker),
      release: (supplement) => {
        admission.supplemented(supplement);
      },
      log: { warn: () => undefined },
    });
  books = [book(), book()];
  expect(await admission.admit(sampleRequest('req_1'))).toBeUndefined();
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
      data: { ...about, outcome: 'completed', attempts: [], usage: { input: 4, output: 6 }, cache: 'miss', reservedBy: metering.instance },
    });
    await vi.waitFor(() => {
      expect(admission.open).toBe(0);
    });
    const { scopes } = await ingress.request(calls.readUsage, { keyId: 'key_web' }, { timeoutMs: 2_000 });
    expect(scopes).toEqual(
      expect.arrayContaining([
        {
          scope: 'key',
          name: 'web',
          limit: 'tokens',
          window: 'minute',
          allowed: 100,
          used: 10,
          reserved: 0,
          remaining: 90,
          resetMs: 60_000,
        },
        { scope: 'key', name: 'web', limit: 'concurrency', window: 'now', allowed: 4, used: 0, reserved: 0, remaining: 4, resetMs: 0 },
      ]),
    );
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
    expect(scopes).toContainEqual(expect.objectContaining({ limit: 'tokens', used: 0 }));
  });

  it('reads from the stream what came while it was cut off', async () => {
    expect(await admission.admit(sampleRequest('req_cut'))).toBeUndefined();
    const back = new Promise<void>((resolve) => {
      metering.onConnection((connected) => {
        if (connected) resolve();
      });
    });
    link.cut('both');
    link.reset();
    events.publish(subjects.usage('acme', 'support'), {
      id: 'req_cut:settled',
      type: usageEventTypes.settled,
      subject: 'acme/support/key_web',
      data: {
        ...about,
        requestId: 'req_cut',
        outcome: 'completed',
        attempts: [],
        usage: { input: 4, output: 6 },
        cache: 'miss',
        reservedBy: metering.instance,
      },
    });
    await events.flush(5_000);
    expect(admission.holds('req_cut')).toBe(true);
    link.heal();
    await back;
    await vi.waitFor(
      () => {
        expect(admission.holds('req_cut')).toBe(false);
      },
      { timeout: 10_000 },
    );
  });

  it('counts a call that no settlement told of once, however many hear of it', async () => {
    for (const id of ['req_0:call-1.1', 'req_0:call-1.2']) {
      events.publish(subjects.usage('acme', 'support'), {
        id,
        type: usageEventTypes.supplement,
        subject: 'acme/support/key_web',
        data: {
          ...about,
          requestId: 'req_0',
          outcome: 'failed',
          attempts: [],
          usage: { input: 2, output: 3 },
          costNanoUsd: '3000000',
          cache: 'bypass',
        },
      });
    }
    await vi.waitFor(async () => {
      expect(await sample.database.query('SELECT event_id FROM metering.supplement ORDER BY event_id')).toHaveLength(2);
    });
    const counters = await sample.database.query('SELECT used FROM metering.counter WHERE used > 0');
    expect(counters).toEqual([{ used: '6000000' }]);
  });

  it('counts an end that names no reservation once, though several held for it', async () => {
    events.publish(subjects.usage('acme', 'support'), {
      id: 'req_1:settled',
      type: usageEventTypes.settled,
      subject: 'acme/support/key_web',
      data: {
        ...about,
        outcome: 'failed',
        attempts: [],
        usage: { input: 4, output: 6 },
        costNanoUsd: '6000000',
        cache: 'miss',
        callsUnknown: true,
      },
    });
    await vi.waitFor(async () => {
      expect(await sample.database.query('SELECT used FROM metering.counter WHERE used > 0')).toEqual([{ used: '6000000' }]);
    });
    await admission.keeper.flush(true);
    expect(await sample.database.query('SELECT used FROM metering.counter WHERE used > 0')).toEqual([{ used: '6000000' }]);
  });

  it('hears again what was told before it held anything for the request', async () => {
    const since = Date.now();
    events.publish(subjects.usage('acme', 'support'), {
      id: 'req_late:refused',
      type: usageEventTypes.refused,
      subject: 'acme/support/key_web',
      data: { ...about, requestId: 'req_late', status: 503, errorCode: 'stage_unavailable', stage: 'ingress' },
    });
    await events.flush(5_000);
    expect(await admission.admit(sampleRequest('req_late'))).toBeUndefined();
    await hearing.hearAgain(since);
    expect(admission.holds('req_late')).toBe(false);
    expect(admission.holds('req_1')).toBe(true);
  });

  it('survives what anyone may put on the subject', async () => {
    ingress.publish('sluice.v1.usage.acme.support', Buffer.from('not an event'));
    ingress.publish('sluice.v1.usage.acme.support', Buffer.from('{"id":"req_1:settled","data":{"requestId":"req_1","usage":{}}}'));
    const { scopes } = await ingress.request(calls.readUsage, { keyId: 'key_web' }, { timeoutMs: 2_000 });
    expect(scopes).toContainEqual(expect.objectContaining({ limit: 'concurrency', used: 1 }));
  });
});
