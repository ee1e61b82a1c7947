import { SluiceError, type Failure } from '@sluice/contracts';
import { type NatsServer, startNatsServer } from '@sluice/testing';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BusBench, makeEnvelope, openBus, PlainIngress, serverBinary, soon } from './bus-bench.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { defineStage, drop, forward, refuse, reply, replyStream, type Stage, type StageContext, type StageHandler } from './stage.ts';

let server: NatsServer;
let bench: BusBench;
let ingress: PlainIngress;

beforeAll(async () => {
  server = await startNatsServer(serverBinary);
});

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  bench = await openBus(server.url, 'stage-under-test');
  ingress = await PlainIngress.open(server.url);
});

afterEach(async () => {
  await bench.bus.close();
  await ingress.close();
});

async function serve(name: string, handle: StageHandler, rest: Partial<Stage> = {}): Promise<void> {
  await bench.bus.serveStage(
    defineStage({ name, version: '0.1.0', description: 'a stage of the specs', concurrency: 16, queueLimit: 16, handle, ...rest }),
  );
}

const answer = { status: 200, contentType: 'application/json' };
const ok = () => reply({ answer, body: Buffer.from('{"ok":true}') });

/** Holds every request until it is let go. */
function gate(): { handle: StageHandler; contexts: StageContext[]; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const contexts: StageContext[] = [];
  return {
    contexts,
    open: () => {
      resolve(undefined);
    },
    handle: async (_request, context) => {
      contexts.push(context);
      await promise;
      return ok();
    },
  };
}

async function nextFailure(count = 1): Promise<Failure> {
  const message = await ingress.next(count);
  expect(message.headers?.get('Sluice-Type')).toBe('error');
  return message.json<Failure>();
}

describe('outcomes', () => {
  it('passes a request on with the rest of the slip, the original inbox and the same body', async () => {
    await serve('one', () => forward());
    const passed: unknown[] = [];
    ingress.connection.subscribe('sluice.v1.stage.two', {
      callback: (_error, message) => {
        const { head, rest } = decodeFrame(message.data, message.headers?.get('Sluice-Envelope'));
        const names = ['Sluice-Slip', 'Sluice-Deadline', 'Sluice-Attempt', 'traceparent', 'tracestate'];
        passed.push({
          reply: message.reply,
          rest: Buffer.from(rest).toString(),
          head,
          headers: names.map((name) => message.headers?.get(name)),
        });
      },
    });
    await ingress.connection.flush();
    const deadline = String(Date.now() + 10_000);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const envelope = makeEnvelope();
    ingress.send(
      'one',
      { 'Sluice-Slip': 'two,three,four', 'Sluice-Deadline': deadline, 'Sluice-Attempt': '2', traceparent, tracestate: 'x=1' },
      envelope,
      Buffer.from('the body'),
    );
    await vi.waitFor(() => {
      expect(passed).toEqual([
        {
          reply: ingress.inbox,
          rest: 'the body',
          head: { ...envelope, timings: [['one', expect.any(Number)]] },
          headers: ['three,four', deadline, '2', traceparent, 'x=1'],
        },
      ]);
    }, soon);
  });

  it('refuses what found more than a message carries, and lives on', async () => {
    await serve('large', () => forward({ found: 'x'.repeat(1_200_000) }));
    ingress.send('large', { 'Sluice-Slip': 'next' });
    expect(await nextFailure()).toMatchObject({ error: { code: 'internal_error', stage: 'large' }, found: {} });
  });

  it('merges what each stage found, its guards and its time, in the order of the slip', async () => {
    await serve('first', () => forward({ found: { tokens: 3 }, guards: [{ guard: 'first', ran: true, action: 'allow' }] }));
    await serve('second', () =>
      forward({ found: 'seen', guards: [{ guard: 'second', ran: false, reason: 'policy' }], body: Buffer.from('new body') }),
    );
    await serve('third', async ({ body }) => reply({ answer, body: await body.bytes(), found: { last: true } }));
    ingress.send('first', { 'Sluice-Slip': 'second,third' });
    const message = await ingress.next();
    const { head, rest } = decodeFrame(message.data, message.headers?.get('Sluice-Envelope'));
    expect(head).toMatchObject({
      stage: 'third',
      status: 200,
      found: { first: { tokens: 3 }, second: 'seen', third: { last: true } },
      guards: [{ guard: 'first' }, { guard: 'second' }],
      timings: [
        ['first', expect.any(Number)],
        ['second', expect.any(Number)],
        ['third', expect.any(Number)],
      ],
      attempts: [],
    });
    expect(Buffer.from(rest).toString()).toBe('new body');
  });

  it('answers on the inbox at once', async () => {
    await serve('answering', ok);
    ingress.send('answering', { 'Sluice-Attempt': '3' });
    const message = await ingress.next();
    expect(['Sluice-Type', 'Sluice-Attempt'].map((name) => message.headers?.get(name))).toEqual(['final', '3']);
    await vi.waitFor(() => {
      expect(bench.turns).toEqual(['answering reply']);
    }, soon);
  });

  it('refuses with the error, what was found, and its own name', async () => {
    await serve('refusing', () =>
      refuse(new SluiceError('content_policy_violation', 'Blocked.', { param: 'messages.0' }), {
        found: { score: 1 },
        guards: [{ guard: 'g', ran: true }],
      }),
    );
    ingress.send('refusing');
    expect(await nextFailure()).toMatchObject({
      error: { code: 'content_policy_violation', message: 'Blocked.', param: 'messages.0', stage: 'refusing' },
      found: { refusing: { score: 1 } },
      guards: [{ guard: 'g', ran: true }],
      timings: [['refusing', expect.any(Number)]],
    });
  });

  it('streams numbered chunks with its name on the first, then one final', async () => {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('data: 1\n\n');
      yield Buffer.alloc(0);
      await Promise.resolve();
      yield Buffer.alloc(70_000, 'x');
    }
    await serve('streaming', () =>
      replyStream({ head: { ...answer, provider: 'sim' }, chunks: chunks(), end: () => ({ finishReason: 'stop' }) }),
    );
    ingress.send('streaming');
    await ingress.next(4);
    expect(ingress.types()).toEqual(['chunk', 'chunk', 'chunk', 'final']);
    expect(ingress.heard.map((message) => message.headers?.get('Sluice-Sequence'))).toEqual(['0', '1', '2', '3']);
    expect(ingress.heard.map((message) => message.headers?.get('Sluice-Instance'))).toEqual([bench.bus.instance, '', '', '']);
    expect(ingress.heard[1]?.data.byteLength).toBe(64 * 1024);
    expect(ingress.heard[3]?.json()).toMatchObject({ finishReason: 'stop', provider: 'sim', stage: 'streaming' });
  });

  it('ends a stream that breaks in an error with what the stage knows of it', async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- a source that breaks before it waits
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('data: 1\n\n');
      throw new SluiceError('provider_error', 'The provider broke off.');
    }
    const attempts = [{ provider: 'sim', model: 'sim', status: 200, failure: 'broken_stream', startedAt: 1, latencyMs: 2 }];
    await serve('breaking', () => replyStream({ head: answer, chunks: chunks(), end: () => ({ attempts }) }));
    ingress.send('breaking');
    expect(await nextFailure(2)).toMatchObject({ error: { code: 'provider_error', stage: 'breaking' }, attempts });
  });

  it('sends nothing for a dropped request', async () => {
    await serve('dropping', () => drop());
    await serve('after', ok);
    ingress.send('dropping');
    await vi.waitFor(() => {
      expect(bench.turns).toEqual(['dropping drop']);
    }, soon);
    ingress.send('after');
    await ingress.next();
    expect(ingress.types()).toEqual(['final']);
  });

  it('sends unmask and accepted to the inbox before the answer', async () => {
    await serve('telling', (_request, context) => {
      context.unmask({ '[EMAIL_1]': 'a@b.example' });
      context.accepted();
      return ok();
    });
    ingress.send('telling');
    await ingress.next(3);
    expect(ingress.types()).toEqual(['unmask', 'accepted', 'final']);
    expect(ingress.heard[1]?.json()).toEqual({ instance: bench.bus.instance });
  });

  it('says that a pipeline ends without an answer, naming its last stage', async () => {
    await serve('last', () => forward());
    ingress.send('last');
    expect((await nextFailure()).error).toMatchObject({
      code: 'internal_error',
      stage: 'last',
      message: expect.stringContaining('"last"') as string,
    });
  });

  it('turns a throwing handler into an internal error without its words, logs the cause and goes on', async () => {
    const cause = new Error('secret detail');
    let calls = 0;
    await serve('throwing', () => {
      calls += 1;
      if (calls === 1) throw cause;
      return ok();
    });
    ingress.send('throwing');
    const failure = await nextFailure();
    expect(failure.error.code).toBe('internal_error');
    expect(JSON.stringify(failure)).not.toContain('secret detail');
    expect(bench.lines).toMatchObject([{ level: 'error', fields: { err: cause, stage: 'throwing' } }]);
    ingress.send('throwing');
    expect((await ingress.next(2)).headers?.get('Sluice-Type')).toBe('final');
  });

  it('refuses what does not fit the envelope instead of sending it', async () => {
    await serve('swollen', () => forward({ found: 'x'.repeat(200_000) }));
    ingress.send('swollen', { 'Sluice-Slip': 'next' });
    expect((await nextFailure()).error).toMatchObject({ code: 'internal_error', stage: 'swollen' });
  });
});

describe('malformed messages', () => {
  const wrong: [string, Record<string, string>, unknown?][] = [
    ['no envelope length', { 'Sluice-Envelope': '' }],
    ['a length that is no number', { 'Sluice-Envelope': 'abc' }],
    ['a length beyond the payload', { 'Sluice-Envelope': '999999' }],
    ['a cut envelope', { 'Sluice-Envelope': '10' }],
    ['a wrong claim', { 'Sluice-Claim': 'nonsense' }],
    ['a claim without a length', { 'Sluice-Claim': 'req_1' }],
    ['a claim with a path', { 'Sluice-Claim': '10:../../etc/passwd' }],
    ['a slip that is no list of names', { 'Sluice-Slip': 'two reply 5' }],
    ['a slip with a wildcard', { 'Sluice-Slip': 'two,>' }],
    ['an endless slip', { 'Sluice-Slip': Array.from({ length: 40 }, () => 'two').join(',') }],
    ['a deadline that is no number', { 'Sluice-Deadline': 'tomorrow' }],
    ['an attempt below one', { 'Sluice-Attempt': '0' }],
    ['an envelope that is null', {}, null],
    ['an envelope that is a list', {}, []],
    ['an id that is no token', {}, { ...makeEnvelope(), id: 'a.b c' }],
    ['guards that are no list', {}, { ...makeEnvelope(), guards: {} }],
    ['found that is missing', {}, { ...makeEnvelope(), found: undefined }],
  ];

  it.each(wrong)('refuses, counts and logs %s', async (_what, given, envelope: unknown = makeEnvelope()) => {
    await serve('strict', ok);
    ingress.send('strict', given, envelope);
    const failure = await nextFailure();
    expect(failure.error).toMatchObject({ code: 'invalid_request', stage: 'strict' });
    expect(bench.turns).toEqual(['strict malformed']);
    expect(bench.lines).toMatchObject([{ level: 'warn', message: 'malformed stage message refused' }]);
  });

  it('counts a message that nobody waits for', async () => {
    await serve('strict', ok);
    const { payload, headLength } = encodeFrame(makeEnvelope());
    ingress.sendRaw('strict', payload, { 'Sluice-Envelope': String(headLength) }, '');
    await vi.waitFor(() => {
      expect(bench.turns).toEqual(['strict malformed']);
    }, soon);
  });

  it('survives random payloads and headers, answers each, and still works', async () => {
    await serve('strict', ok);
    let sent = 0;
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const given = fc.record({
      slip: text,
      deadline: text,
      attempt: text,
      claim: text,
      length: fc.oneof(text, fc.nat({ max: 99 }).map(String)),
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), given, (payload, { slip, deadline, attempt, claim, length }) => {
        const clean = (value: string) => value.replaceAll(/[\r\n]/g, ' ').trim();
        if (Number(clean(deadline)) > 0) return; // one in the past is dropped in silence, rightly
        sent += 1;
        ingress.sendRaw('strict', payload, {
          'Sluice-Slip': clean(slip),
          'Sluice-Deadline': clean(deadline),
          'Sluice-Attempt': clean(attempt),
          'Sluice-Claim': clean(claim),
          'Sluice-Envelope': clean(length),
        });
      }),
      { numRuns: 300 },
    );
    await ingress.next(sent);
    expect(new Set(ingress.types())).toEqual(new Set(['error']));
    expect(bench.turns.length).toBe(sent);
    ingress.send('strict');
    expect((await ingress.next(sent + 1)).headers?.get('Sluice-Type')).toBe('final');
  });

  it('survives every truncation of a good envelope', async () => {
    await serve('strict', ok);
    const { payload, headLength } = encodeFrame(makeEnvelope());
    for (let length = 0; length < headLength; length += 1) {
      ingress.sendRaw('strict', payload.subarray(0, length), { 'Sluice-Envelope': String(length) });
    }
    await ingress.next(headLength);
    expect(new Set(ingress.types())).toEqual(new Set(['error']));
  });

  it('does not let a hostile trace context into the next message', async () => {
    await serve('one', () => forward());
    const heard: (string | undefined)[] = [];
    ingress.connection.subscribe('sluice.v1.stage.two', {
      callback: (_error, message) => {
        heard.push(message.headers?.get('traceparent'), message.headers?.get('Sluice-Claim'));
      },
    });
    await ingress.connection.flush();
    ingress.send('one', { 'Sluice-Slip': 'two', traceparent: 'nonsense\u010d\u010aSluice-Claim: 1:x' });
    await vi.waitFor(() => {
      expect(heard).toEqual(['', '']);
    }, soon);
  });
});

describe('deadline and cancellation', () => {
  it('drops what comes after its deadline', async () => {
    await serve('timely', ok);
    ingress.send('timely', { 'Sluice-Deadline': String(Date.now() - 1) });
    ingress.send('timely', { 'Sluice-Deadline': String(Date.now() + 10_000) });
    await ingress.next();
    await bench.bus.close();
    expect(bench.turns).toEqual(['timely reply']);
  });

  it('aborts the work at the deadline, and the error goes out', async () => {
    await serve(
      'slow',
      (_request, context) =>
        new Promise((_resolve, reject) => {
          context.signal.addEventListener('abort', () => {
            reject(new Error('stopped'));
          });
        }),
    );
    ingress.send('slow', { 'Sluice-Deadline': String(Date.now() + 60) });
    expect((await nextFailure()).error).toMatchObject({ code: 'deadline_exceeded', stage: 'slow' });
  });

  it('aborts every attempt that it holds of a cancelled request', async () => {
    const held = gate();
    await serve('slow', held.handle);
    const envelope = makeEnvelope();
    ingress.send('slow', { 'Sluice-Attempt': '1' }, envelope);
    ingress.send('slow', { 'Sluice-Attempt': '2' }, envelope);
    await vi.waitFor(() => {
      expect(held.contexts.length).toBe(2);
    }, soon);
    ingress.connection.publish(`sluice.v1.cancel.${envelope.id}`);
    await vi.waitFor(() => {
      expect(held.contexts.map((context) => context.signal.reason as unknown)).toMatchObject([
        { code: 'client_closed_request' },
        { code: 'client_closed_request' },
      ]);
    }, soon);
    held.open();
  });

  it('does not begin a request that was cancelled before it came', async () => {
    const handled: string[] = [];
    await serve('late', ({ envelope }) => {
      handled.push(envelope.id);
      return ok();
    });
    const envelope = makeEnvelope();
    ingress.connection.publish(`sluice.v1.cancel.${envelope.id}`);
    ingress.send('late', {}, envelope);
    expect((await nextFailure()).error.code).toBe('client_closed_request');
    expect(handled).toEqual([]);
  });

  it('does not begin a request that was cancelled in the queue', async () => {
    const held = gate();
    await serve('narrow', held.handle, { concurrency: 1, queueLimit: 2 });
    const [first, second] = [makeEnvelope(), makeEnvelope()];
    ingress.send('narrow', {}, first);
    ingress.send('narrow', {}, second);
    ingress.connection.publish(`sluice.v1.cancel.${second.id}`);
    await ingress.connection.flush();
    await vi.waitFor(() => {
      expect(held.contexts.length).toBe(1);
    }, soon);
    held.open();
    await ingress.next(2);
    expect(ingress.types().sort()).toEqual(['error', 'final']);
    expect(held.contexts.length).toBe(1);
  });
});

describe('overload', () => {
  it('works on so many at once, queues so many, and refuses the next with a time to retry', async () => {
    const held = gate();
    await serve('narrow', held.handle, { concurrency: 2, queueLimit: 3 });
    for (let request = 0; request < 6; request += 1) ingress.send('narrow');
    expect((await nextFailure()).error).toMatchObject({ code: 'overloaded', stage: 'narrow' });
    expect(held.contexts.length).toBe(2);
    held.open();
    await ingress.next(6);
    expect(ingress.types()).toEqual(['error', 'final', 'final', 'final', 'final', 'final']);
    expect(bench.turns.filter((turn) => turn === 'narrow overloaded').length).toBe(1);
  });

  it('is passed by where the stage may be left out, and says so', async () => {
    const held = gate();
    await serve('optional', held.handle, { concurrency: 1, queueLimit: 0, onOverload: 'pass' });
    await serve('answering', ok);
    ingress.send('optional', { 'Sluice-Slip': 'answering' });
    ingress.send('optional', { 'Sluice-Slip': 'answering' });
    const message = await ingress.next();
    expect(decodeFrame(message.data, message.headers?.get('Sluice-Envelope')).head).toMatchObject({
      stage: 'answering',
      guards: [{ guard: 'optional', ran: false, reason: 'overloaded' }],
    });
    held.open();
    await ingress.next(2);
  });

  it('ends what it holds before it closes, and takes nothing new', async () => {
    const held = gate();
    await serve('closing', held.handle);
    ingress.send('closing');
    await vi.waitFor(() => {
      expect(held.contexts.length).toBe(1);
    }, soon);
    const closed = bench.bus.close();
    held.open();
    await closed;
    expect((await ingress.next()).headers?.get('Sluice-Type')).toBe('final');
    ingress.send('closing');
    expect((await ingress.next(2)).headers?.code).toBe(503);
  });
});
