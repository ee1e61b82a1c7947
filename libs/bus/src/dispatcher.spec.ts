import { SluiceError, type Envelope } from '@sluice/contracts';
import { type NatsServer, startNatsServer } from '@sluice/testing';
import { connect, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Closable, Dispatcher } from './bus.ts';
import {
  type BusBench,
  dispatch,
  headersOf,
  HeardExchange,
  makeEnvelope,
  openBus,
  PlainIngress,
  serverBinary,
  soon,
  untilLive,
} from './bus-bench.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { streamWindowChunks } from './outgoing-stream.ts';
import { defineStage, drop, forward, refuse, reply, replyStream, type Stage, type StageHandler } from './stage.ts';

const hopBudgetMs = 400;

let server: NatsServer;
let front: BusBench;
let dispatcher: Dispatcher;
let tap: NatsConnection;
let open: BusBench[];
const cancelled: string[] = [];

beforeAll(async () => {
  server = await startNatsServer(serverBinary);
  tap = await connect({ servers: server.url });
  tap.subscribe('sluice.v1.cancel.*', {
    callback: (_error, message) => {
      cancelled.push(message.subject.slice('sluice.v1.cancel.'.length));
    },
  });
});

afterAll(async () => {
  await tap.close();
  await server.stop();
});

beforeEach(async () => {
  open = [];
  front = await openBus(server.url, 'ingress', { hopBudgetMs });
  dispatcher = await front.bus.createDispatcher({ hopBudgetMs });
});

afterEach(async () => {
  await dispatcher.close();
  await Promise.all([...open, front].map(({ bus }) => bus.close()));
});

const answer = { status: 200, contentType: 'application/json' };
const ok: StageHandler = () => reply({ answer, body: Buffer.from('{"ok":true}') });
/** Works until it is told to stop. */
const endless: StageHandler = (_request, context) => {
  context.accepted();
  return new Promise((_resolve, reject) => {
    context.signal.addEventListener('abort', () => {
      reject(SluiceError.from(context.signal.reason));
    });
  });
};

async function serve(name: string, handle: StageHandler, rest: Partial<Stage> = {}): Promise<BusBench & Closable> {
  const bench = await openBus(server.url, name, { hopBudgetMs });
  open.push(bench);
  const stage = defineStage({
    name,
    version: '0.1.0',
    description: 'a stage of the specs',
    concurrency: 64,
    queueLimit: 64,
    handle,
    ...rest,
  });
  const served = await bench.bus.serveStage(stage);
  return { ...bench, close: () => served.close() };
}

/** Serves a stage that dies without a word: its connection is cut, so no leaving and no heartbeat come. */
async function serveMortal(name: string, onRequest: (die: () => Promise<void>, reply: string, envelope: Envelope) => void): Promise<void> {
  const connection = await connect({ servers: server.url, reconnect: false });
  const beat = () => {
    if (!connection.isClosed())
      connection.publish(
        `sluice.v1.presence.${name}`,
        JSON.stringify({ instance: `${name}-mortal`, version: '0', inFlight: 0, capacity: 1 }),
      );
  };
  const timer = setInterval(beat, 500);
  const die = async () => {
    clearInterval(timer);
    await connection.close();
  };
  connection.subscribe(`sluice.v1.stage.${name}`, {
    queue: name,
    callback: (_error, message) => {
      const { head } = decodeFrame(message.data, message.headers?.get('Sluice-Envelope'));
      onRequest(die, message.reply ?? '', head as Envelope); // ours: the dispatcher of this spec sent it
    },
  });
  await connection.flush();
  beat();
  mortals.push(die);
  mortalConnections.set(name, connection);
}

const mortals: (() => Promise<void>)[] = [];
const mortalConnections = new Map<string, NatsConnection>();

afterEach(async () => {
  await Promise.all(mortals.splice(0).map((die) => die()));
});

function say(name: string, inbox: string, type: string, told: object = {}): void {
  const connection = mortalConnections.get(name);
  if (connection === undefined) throw new Error(`${name} is not served`);
  const headers = headersOf({ 'Sluice-Type': type, 'Sluice-Attempt': '1' });
  connection.publish(inbox, JSON.stringify({ instance: `${name}-mortal`, ...told }), { headers });
}

describe('answers', () => {
  it('brings one plain answer with what every stage found', async () => {
    await serve('guard', () => forward({ found: { score: 0 } }));
    await serve('router', ok);
    await untilLive(dispatcher, 'guard', 'router');
    const heard = await dispatch(dispatcher, ['guard', 'router']).ended();
    expect(heard.order).toEqual(['final']);
    expect(heard.answer).toMatchObject({ stage: 'router', status: 200, found: { guard: { score: 0 } } });
    expect(Buffer.from(heard.body ?? []).toString()).toBe('{"ok":true}');
    expect(dispatcher.inFlight).toBe(0);
  });

  it('brings the table of masked values before the answer', async () => {
    await serve('router', (request, context) => {
      context.unmask({ '[EMAIL_1]': 'a@b.example' });
      return ok(request, context);
    });
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['router']).ended();
    expect(heard.order).toEqual(['unmask', 'final']);
    expect(heard.unmasked).toEqual({ '[EMAIL_1]': 'a@b.example' });
  });

  it('keeps a hundred requests at once apart', async () => {
    await serve('router', async ({ body }) => reply({ answer, body: await body.bytes() }));
    await untilLive(dispatcher, 'router');
    const all = Array.from({ length: 100 }, (_, index) => dispatch(dispatcher, ['router'], { body: Buffer.from(`body ${index}`) }));
    await Promise.all(all.map((heard) => heard.ended()));
    expect(all.map((heard) => Buffer.from(heard.body ?? []).toString())).toEqual(all.map((_, index) => `body ${index}`));
  });

  it('ends a request whose stage answers nonsense in one error', async () => {
    const instance = { instance: 'foreign', version: '0', inFlight: 0, capacity: 1 };
    const subscription = tap.subscribe('sluice.v1.stage.foreign', {
      callback: (_error, message) => {
        message.respond('null', { headers: headersOf({ 'Sluice-Type': 'final', 'Sluice-Envelope': '4' }) });
        message.respond('null', { headers: headersOf({ 'Sluice-Type': 'error' }) });
      },
    });
    tap.publish('sluice.v1.presence.foreign', JSON.stringify(instance));
    await untilLive(dispatcher, 'foreign');
    const heard = await dispatch(dispatcher, ['foreign']).ended();
    expect(heard.failure?.error.code).toBe('internal_error');
    expect(heard.order).toEqual(['error']);
    subscription.unsubscribe();
  });
});

describe('streams', () => {
  async function* numbered(count: number, sent?: { count: number }): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < count; index += 1) {
      if (sent !== undefined) sent.count = index + 1;
      yield Buffer.from(`data: ${index}\n\n`);
      await Promise.resolve();
    }
  }
  const textOf = (count: number) => Array.from({ length: count }, (_, index) => `data: ${index}\n\n`).join('');

  it('brings every chunk in order, the head first, then one final', async () => {
    await serve('router', () => replyStream({ head: answer, chunks: numbered(500), end: () => ({ finishReason: 'stop' }) }));
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['router']).ended();
    expect(heard.order).toEqual(['head', 'final']);
    expect(heard.text).toBe(textOf(500));
    expect(heard.answer?.finishReason).toBe('stop');
  });

  it('has never more than the window under way for a client that reads slowly', async () => {
    const sent = { count: 0 };
    await serve('router', () => replyStream({ head: answer, chunks: numbered(300, sent), end: () => ({}) }));
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['router'], {}, new HeardExchange(false));
    let read = 0;
    while (read < 300) {
      const expected = Math.min(300, Math.floor(read / 16) * 16 + streamWindowChunks);
      await vi.waitFor(() => {
        expect(heard.chunks.length).toBe(expected);
      }, soon);
      // The source is one ahead: it has made the chunk that waits for credit.
      expect(sent.count).toBeLessThanOrEqual(expected + 1);
      const step = Math.min(48, heard.written.length);
      heard.read(step);
      read += step;
    }
    await heard.ended();
    expect(heard.text).toBe(textOf(300));
  });

  it('ends in an error where a chunk was lost, and cancels the work', async () => {
    await serveMortal('router', (_die, inbox) => {
      const connection = mortalConnections.get('router');
      const { payload, headLength } = encodeFrame(
        { ...answer, stage: 'router', attempts: [], found: {}, guards: [], timings: [] },
        Buffer.from('a'),
      );
      for (const sequence of [0, 2]) {
        const named = { 'Sluice-Type': 'chunk', 'Sluice-Sequence': String(sequence), 'Sluice-Envelope': String(headLength) };
        connection?.publish(inbox, payload, { headers: headersOf(named) });
      }
    });
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['router']).ended();
    expect(heard.order).toEqual(['head', 'error']);
    expect(heard.failure?.error.code).toBe('provider_error');
    await vi.waitFor(() => {
      expect(cancelled).toContain(heard.exchange.requestId);
    }, soon);
  });

  it('goes on to its end while the stage that streams is leaving', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    async function* paused(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('data: first\n\n');
      await promise;
      yield Buffer.from('data: last\n\n');
    }
    const served = await serve('router', (_request, context) => {
      context.accepted();
      return replyStream({ head: answer, chunks: paused(), end: () => ({}) });
    });
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['router']);
    const other = dispatch(dispatcher, ['router'], { deadline: Date.now() + 500 });
    await vi.waitFor(() => {
      expect(heard.chunks.length).toBe(1);
    }, soon);
    const closed = served.close();
    await vi.waitFor(() => {
      expect(dispatcher.presence.isLive('router')).toBe(false);
    }, soon);
    await other.ended(); // its deadline passed, so the dispatcher has looked at the holder several times
    expect(heard.ends).toBe(0);
    resolve(undefined);
    await heard.ended();
    await closed;
    expect(heard.order).toEqual(['head', 'final']);
    expect(heard.text).toBe('data: first\n\ndata: last\n\n');
  });

  it('ends in an error when the instance that streams is gone', async () => {
    await serveMortal('router', (die, inbox) => {
      const { payload, headLength } = encodeFrame(
        { ...answer, stage: 'router', attempts: [], found: {}, guards: [], timings: [] },
        Buffer.from('a'),
      );
      const named = {
        'Sluice-Type': 'chunk',
        'Sluice-Sequence': '0',
        'Sluice-Envelope': String(headLength),
        'Sluice-Instance': 'router-mortal',
      };
      const connection = mortalConnections.get('router');
      connection?.publish(inbox, payload, { headers: headersOf(named) });
      void connection?.flush().then(die);
    });
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['router']).ended();
    expect(heard.order).toEqual(['head', 'error']);
    expect(heard.failure?.error.code).toBe('provider_error');
  });
});

describe('redispatch', () => {
  it('sends a request that a stage lost round again, as attempt 2, for one answer', async () => {
    const attempts: number[] = [];
    await serve('losing', (_request, context) => {
      attempts.push(context.attempt);
      return context.attempt === 1 ? drop() : forward();
    });
    await serve('router', ok);
    await untilLive(dispatcher, 'losing', 'router');
    const heard = await dispatch(dispatcher, ['losing', 'router']).ended();
    expect(attempts).toEqual([1, 2]);
    expect(heard.order).toEqual(['final']);
    expect(heard.exchange.callsUnknown).toBe(true);
  });

  it.each([1, 2])('grants the claim to one of two attempts, with %i instances', async (instances) => {
    const granted: boolean[] = [];
    const both = Promise.withResolvers<undefined>();
    const claiming: StageHandler = async (_request, context) => {
      const mine = await context.claim();
      granted.push(mine);
      if (granted.length === 2) both.resolve(undefined);
      if (!mine) return drop();
      await both.promise;
      return reply({ answer, body: Buffer.alloc(0) });
    };
    for (let instance = 0; instance < instances; instance += 1) await serve('router', claiming);
    await untilLive(dispatcher, 'router');
    // A second attempt of the same request, as an earlier hop that was slow would send it.
    const again = tap.subscribe('sluice.v1.stage.router', {
      max: 1,
      callback: (_error, message) => {
        const headers = headersOf({ 'Sluice-Envelope': message.headers?.get('Sluice-Envelope') ?? '', 'Sluice-Attempt': '2' });
        tap.publish(message.subject, message.data, { headers, reply: message.reply ?? '' });
      },
    });
    await tap.flush();
    const heard = await dispatch(dispatcher, ['router']).ended();
    expect([...granted].sort()).toEqual([false, true]);
    expect(heard.order).toEqual(['final']);
    again.unsubscribe();
  });

  it('requires the claim of a second attempt and of one that comes late, and of no other', async () => {
    const required: boolean[] = [];
    await serve('router', (_request, context) => {
      required.push(context.claimRequired);
      return refuse(new SluiceError('provider_error', 'no'));
    });
    const ingress = await PlainIngress.open(server.url);
    ingress.send('router');
    ingress.send('router', { 'Sluice-Attempt': '2' });
    ingress.send('router', {}, makeEnvelope({ dispatchedAt: Date.now() - hopBudgetMs - 50 }));
    await ingress.next(3);
    expect(required).toEqual([false, true, true]);
    await ingress.close();
  });

  it('leaves a request alone that a living instance has accepted', async () => {
    const attempts: number[] = [];
    await serve('router', async (_request, context) => {
      attempts.push(context.attempt);
      context.accepted();
      await new Promise((resolve) => setTimeout(resolve, hopBudgetMs * 2)); // the provider takes longer than the hop budget
      return reply({ answer, body: Buffer.alloc(0) });
    });
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['router']).ended();
    expect(heard.order).toEqual(['final']);
    expect(attempts).toEqual([1]);
  });

  it('goes to another instance when the one that accepted has died', async () => {
    const accepted = Promise.withResolvers<undefined>();
    await serveMortal('router', (die, inbox) => {
      say('router', inbox, 'accepted', { provider: 'sim', model: 'sim-1', startedAt: 1 });
      void mortalConnections.get('router')?.flush().then(die);
      accepted.resolve(undefined);
    });
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['router']);
    await accepted.promise;
    const granted: boolean[] = [];
    await serve('router', async (_request, context) => {
      granted.push(context.claimRequired && (await context.claim()));
      return reply({ answer, body: Buffer.from(`attempt ${context.attempt}`) });
    });
    await heard.ended();
    expect(Buffer.from(heard.body ?? []).toString()).toBe('attempt 2');
    expect(granted).toEqual([true]);
    expect(heard.answer?.attempts).toMatchObject([{ provider: 'sim', model: 'sim-1', status: 0, failure: 'holder_lost', startedAt: 1 }]);
  });

  it('gives up after the last attempt', async () => {
    const attempts: number[] = [];
    await serve('losing', (_request, context) => {
      attempts.push(context.attempt);
      return drop();
    });
    await untilLive(dispatcher, 'losing');
    const heard = await dispatch(dispatcher, ['losing']).ended();
    expect(heard.failure?.error.code).toBe('stage_unavailable');
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('waits for a first stage that is announced but has no subscriber yet', async () => {
    tap.publish('sluice.v1.presence.router', JSON.stringify({ instance: 'router-starting', version: '0', inFlight: 0, capacity: 1 }));
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['router']);
    await dispatch(dispatcher, ['router'], { deadline: Date.now() + 100 }).ended(); // some sweeps later
    expect(heard.ends).toBe(0);
    const attempts: number[] = [];
    await serve('router', (request, context) => {
      attempts.push(context.attempt);
      return ok(request, context);
    });
    await heard.ended();
    expect(heard.order).toEqual(['final']);
    expect(attempts).toEqual([1]);
    expect(heard.exchange.callsUnknown).toBe(false);
  });
});

describe('absent stages', () => {
  it('leaves out what may be skipped, and says so', async () => {
    await serve('router', ok);
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['absent', 'router'], { onUnavailable: () => 'skip' }).ended();
    expect(heard.answer?.guards).toEqual([{ guard: 'absent', ran: false, reason: 'unavailable' }]);
  });

  it('refuses what may not, naming the stage', async () => {
    await serve('router', ok);
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['absent', 'router']);
    expect(heard.failure?.error).toMatchObject({ code: 'stage_unavailable', stage: 'absent' });
    expect(heard.exchange.callsUnknown).toBe(false);
    expect(heard.ends).toBe(1);
    expect(dispatcher.inFlight).toBe(0);
  });

  it('refuses where every stage may be skipped and none is there', () => {
    const heard = dispatch(dispatcher, ['absent'], { onUnavailable: () => 'skip' });
    expect(heard.failure?.error.code).toBe('stage_unavailable');
  });
});

describe('ends', () => {
  it('ends at the deadline and cancels the work', async () => {
    await serveMortal('router', (_die, inbox) => {
      say('router', inbox, 'accepted', { provider: 'sim', model: 'sim-1', startedAt: Date.now() });
    });
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['router'], { deadline: Date.now() + 200 }).ended();
    expect(heard.failure?.error.code).toBe('deadline_exceeded');
    expect(heard.failure?.attempts).toMatchObject([{ provider: 'sim', failure: 'holder_lost' }]);
    expect(heard.exchange.callsUnknown).toBe(true);
    await vi.waitFor(() => {
      expect(cancelled).toContain(heard.exchange.requestId);
    }, soon);
  });

  it('cancels for a client that has gone, and still tells of the usage that comes late', async () => {
    const attempts = [{ provider: 'sim', model: 'sim', status: 200, startedAt: 1, latencyMs: 2, usage: { input: 3, output: 4 } }];
    await serve('router', (_request, context) => {
      context.accepted();
      return new Promise((resolve) => {
        context.signal.addEventListener('abort', () => {
          resolve(refuse(SluiceError.from(context.signal.reason), { attempts }));
        });
      });
    });
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['router']);
    heard.exchange.cancel();
    await heard.ended();
    expect(cancelled).toContain(heard.exchange.requestId);
    expect(heard.failure).toMatchObject({ error: { code: 'client_closed_request' }, attempts });
  });

  it('tells no chunk after a cancellation', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('data: 1\n\n');
      await promise;
      yield Buffer.from('data: 2\n\n');
    }
    await serve('router', () => replyStream({ head: answer, chunks: chunks(), end: () => ({}) }));
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['router']);
    await vi.waitFor(() => {
      expect(heard.chunks.length).toBe(1);
    }, soon);
    heard.exchange.cancel();
    resolve(undefined);
    await heard.ended();
    expect(heard.text).toBe('data: 1\n\n');
  });

  it('hears the first end only', async () => {
    await serveMortal('router', (_die, inbox) => {
      const connection = mortalConnections.get('router');
      const failure = { error: { code: 'provider_error', message: 'no' }, attempts: [], found: {}, guards: [], timings: [] };
      const { payload, headLength } = encodeFrame({ ...answer, stage: 'router', attempts: [], found: {}, guards: [], timings: [] });
      const final = headersOf({ 'Sluice-Type': 'final', 'Sluice-Envelope': String(headLength) });
      connection?.publish(inbox, payload, { headers: final });
      connection?.publish(inbox, JSON.stringify(failure), { headers: headersOf({ 'Sluice-Type': 'error' }) });
      connection?.publish(inbox, payload, { headers: final });
    });
    await untilLive(dispatcher, 'router');
    const heard = await dispatch(dispatcher, ['router']).ended();
    await mortalConnections.get('router')?.flush();
    await front.bus.keyValue('specs'); // a round trip of ingress's own: what was under way has come
    expect(heard.order).toEqual(['final']);
  });

  it('ends what is open when the dispatcher closes', async () => {
    await serve('router', endless);
    await untilLive(dispatcher, 'router');
    const heard = dispatch(dispatcher, ['router'], { deadline: Date.now() + 500 });
    await dispatcher.close();
    expect(heard.failure?.error.code).toBe('stage_unavailable');
  });
});
