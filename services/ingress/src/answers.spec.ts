import { setImmediate as turn } from 'node:timers/promises';
import { refuse, reply, replyStream, type Outcome, type StreamEnd } from '@sluice/bus';
import { SluiceError, subjects } from '@sluice/contracts';
import { describe, expect, it, vi } from 'vitest';
import { attempt, chat, openEdge, plainAnswer, type Edge } from './edge-harness.ts';

const edge = await openEdge();

const streamed = { ...chat, stream: true };

function chunk(content: string, finish: string | null = null): Buffer {
  const choices = [{ index: 0, delta: { content }, finish_reason: finish }];
  return Buffer.from(`data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'sim-1', choices })}\n\n`);
}

const done = Buffer.from('data: [DONE]\n\n');

function stream(chunks: AsyncIterable<Uint8Array>, end: (thrown?: unknown) => StreamEnd): Outcome {
  const underWay = { provider: 'sim', model: 'sim-1', status: 200, startedAt: Date.now(), latencyMs: 5 };
  return replyStream({
    head: {
      status: 200,
      contentType: 'text/event-stream',
      provider: 'sim',
      model: 'sim-1',
      attempts: [underWay],
    },
    chunks,
    end,
  });
}

const wholeEnd = (): StreamEnd => ({ finishReason: 'stop', usage: { input: 10, output: 20 }, attempts: [attempt()] });

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous to its reader
async function* of(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

const keptKey = { authorization: 'Bearer sk-sluice-kept' };

/** What the cache was given to keep for a request. */
function keptOf(requestId: string): Promise<Edge['stored'][number]> {
  return vi.waitUntil(() => edge.stored.find(({ store }) => store.key === requestId), { timeout: 5_000 });
}

function idOf(answer: Response): string {
  return answer.headers.get('x-request-id') ?? '';
}

describe('plain answers', () => {
  it('carry the body, and who answered, at what cost, in what time', async () => {
    edge.answerWith(() => plainAnswer('Hi.'));
    const answer = await edge.ask(chat);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/json',
      'x-sluice-model': 'sim-1',
      'x-sluice-provider': 'sim',
      'x-sluice-attempts': '1',
      'x-sluice-cache': 'bypass',
      'x-sluice-cost-usd': '0.0000015',
      'server-timing': expect.stringMatching(/^router;dur=[\d.]+, overhead;dur=[\d.]+$/) as string,
    });
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'Hi.' } }] });
  });

  it('settle once, with all that billing needs', async () => {
    edge.answerWith(() => plainAnswer());
    const answer = await edge.ask(chat, { 'x-sluice-user': 'u-1', 'x-sluice-metadata': '{"project":"search","__proto__":"x"}' });
    const [event, ...others] = await edge.eventsOf(idOf(answer), 1);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      id: `${idOf(answer)}:settled`,
      type: 'com.sluice.usage.settled.v1',
      subject: 'acme/support/key_web',
      data: {
        organization: 'acme',
        team: 'support',
        keyId: 'key_web',
        user: 'u-1',
        dialect: 'openai-chat',
        modelAsked: 'chat',
        modelUsed: 'sim-1',
        provider: 'sim',
        configVersion: 7,
        outcome: 'completed',
        status: 200,
        usage: { input: 10, output: 20 },
        costNanoUsd: '1500',
        priceVersion: 'test-1',
        cache: 'bypass',
        finishReason: 'stop',
        stream: false,
        admitted: false,
      },
    });
    expect(event?.data.tags).toMatchObject({ project: 'search' });
  });

  it('have the masked values back', async () => {
    edge.answerWith((_request, context) => {
      context.unmask({ '[EMAIL_ADDRESS_1]': 'ann@example.com' });
      return plainAnswer('Write to [EMAIL_ADDRESS_1].');
    });
    expect(await (await edge.ask(chat)).text()).toContain('Write to ann@example.com.');
  });

  it('reach the stage with the headers that a provider may see, and no credential', async () => {
    const heard: Record<string, string>[] = [];
    edge.answerWith(({ envelope }) => {
      heard.push(envelope.headers);
      return plainAnswer();
    });
    await edge.ask(chat, { 'x-sim-fault': 'none', 'x-other': 'y' });
    expect(heard).toEqual([{ 'x-sim-fault': 'none' }]);
  });

  it('tell the client what a stage refused, and settle nothing', async () => {
    edge.answerWith(() =>
      refuse(new SluiceError('content_policy_violation', 'The guardrail blocked this.'), {
        guards: [{ guard: 'injection', ran: true, action: 'block' }],
      }),
    );
    const answer = await edge.ask(chat);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-sluice-guards')).toBe('injection=block');
    expect(answer.headers.get('content-length')).toMatch(/^\d+$/);
    expect(answer.headers.has('retry-after')).toBe(false);
    expect(await answer.json()).toMatchObject({ error: { code: 'content_policy_violation' } });
    const events = await edge.eventsOf(idOf(answer), 1);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: 'com.sluice.usage.refused.v1',
      data: { status: 403, errorCode: 'content_policy_violation', stage: 'router', guards: [{ guard: 'injection' }] },
    });
    expect(events[0]?.data).not.toHaveProperty('callsUnknown');
  });

  it('say when to retry', async () => {
    edge.answerWith(() => refuse(new SluiceError('rate_limit_exceeded', 'Too many.', { retryAfterSeconds: 17 })));
    const answer = await edge.ask(chat);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '17']);
  });

  it('hide what a stage throws', async () => {
    edge.answerWith(() => {
      throw new Error('password=hunter2');
    });
    const answer = await edge.ask(chat);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('hunter2');
  });

  it('settle as failed where a provider was called in vain', async () => {
    edge.answerWith(() =>
      refuse(new SluiceError('provider_error', 'No target answered.'), {
        attempts: [attempt({ status: 500, failure: 'http_500', latencyMs: 1 })],
      }),
    );
    const answer = await edge.ask(chat);
    expect(answer.status).toBe(502);
    expect((await edge.eventsOf(idOf(answer), 1))[0]).toMatchObject({
      type: 'com.sluice.usage.settled.v1',
      data: { outcome: 'failed', status: 502, errorCode: 'provider_error', costNanoUsd: '1500' },
    });
  });

  it('end at the time limit of the client', async () => {
    edge.answerWith((_request, { signal }) => {
      const { promise, reject } = Promise.withResolvers<Outcome>();
      signal.addEventListener('abort', () => {
        reject(SluiceError.from(signal.reason));
      });
      return promise;
    });
    const answer = await edge.ask(chat, { 'x-request-timeout-ms': '150' });
    expect(answer.status).toBe(504);
    expect(await answer.json()).toMatchObject({ error: { code: 'deadline_exceeded' } });
  });
});

describe('calls whose holder never told how they ended', () => {
  it('are settled by estimate', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    edge.answerWith((_request, context) => {
      context.accepted({ provider: 'sim', model: 'sim-1', startedAt: Date.now() });
      return promise;
    });
    const answer = await edge.ask(chat, { 'x-request-timeout-ms': '150' });
    resolve(plainAnswer());
    expect(answer.status).toBe(504);
    expect(await edge.eventsOf(idOf(answer), 1)).toMatchObject([
      {
        type: 'com.sluice.usage.settled.v1',
        data: {
          outcome: 'failed',
          attempts: [{ provider: 'sim', model: 'sim-1', status: 0, failure: 'holder_lost' }],
          usage: { input: Math.ceil(JSON.stringify(chat).length / 4), output: 0, estimated: true },
          costNanoUsd: '900',
          callsUnknown: true,
        },
      },
    ]);
  });

  it('that count tokens are free, not of unknown cost', async () => {
    const counted = { ...attempt(), usage: undefined, costNanoUsd: undefined };
    edge.answerWith(() =>
      reply({
        answer: { status: 200, contentType: 'application/json', provider: 'sim', model: 'sim-1', attempts: [counted] },
        body: Buffer.from('{"input_tokens":7}'),
      }),
    );
    const answer = await edge.post('/v1/messages/count_tokens', JSON.stringify(chat));
    expect([answer.headers.get('x-sluice-cost-usd'), await answer.text()]).toEqual(['0', '{"input_tokens":7}']);
    expect(await edge.eventsOf(idOf(answer), 1)).toMatchObject([{ data: { usage: { input: 0, output: 0 }, costNanoUsd: '0' } }]);
  });

  it('cost nothing where they only counted tokens', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    edge.answerWith((_request, context) => {
      context.accepted({ provider: 'sim', model: 'sim-1', startedAt: Date.now() });
      return promise;
    });
    const answer = await edge.post('/v1/messages/count_tokens', JSON.stringify(chat), { 'x-request-timeout-ms': '150' });
    resolve(plainAnswer());
    expect(answer.status).toBe(504);
    expect(await edge.eventsOf(idOf(answer), 1)).toMatchObject([{ data: { usage: { input: 0, output: 0 }, costNanoUsd: '0' } }]);
  });
});

describe('an idempotency-key', () => {
  it('gives a plain answer again, without a second call or a second event', async () => {
    let calls = 0;
    edge.answerWith(() => plainAnswer(`Call ${++calls}.`));
    const sent = { 'idempotency-key': 'plain' };
    const first = await edge.ask(chat, sent);
    const second = await edge.ask(chat, sent);
    expect(first.headers.has('idempotent-replayed')).toBe(false);
    expect(Object.fromEntries(second.headers)).toMatchObject({ 'idempotent-replayed': 'true', 'x-request-id': idOf(first) });
    expect(await second.text()).toBe(await first.text());
    await edge.eventsOf(idOf(await edge.ask(chat)), 1); // one connection: an event of the repeat would have come before
    expect([calls, await edge.eventsOf(idOf(first), 1)]).toMatchObject([2, [{ type: 'com.sluice.usage.settled.v1' }]]);
  });

  it('refuses a repeat under way, of a stream as well, and takes it once the stream has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    edge.answerWith(() =>
      stream(
        (async function* () {
          yield chunk('Hel');
          await promise;
          yield done;
        })(),
        wholeEnd,
      ),
    );
    const sent = { 'idempotency-key': 'streamed' };
    const first = await edge.ask(streamed, sent);
    const second = await edge.ask(streamed, sent);
    expect([second.status, await second.json()]).toMatchObject([409, { error: { code: 'conflict', param: 'idempotency-key' } }]);
    resolve(undefined);
    await first.text();
    await edge.eventsOf(idOf(first), 1);
    const third = await edge.ask(streamed, sent);
    expect([third.status, third.headers.has('idempotent-replayed')]).toEqual([200, false]);
    await third.text();
  });

  it('does not keep an error', async () => {
    edge.answerWith(() => refuse(new SluiceError('provider_error', 'No target answered.')));
    const sent = { 'idempotency-key': 'failed' };
    expect((await edge.ask(chat, sent)).status).toBe(502);
    edge.answerWith(() => plainAnswer());
    expect((await edge.ask(chat, sent)).status).toBe(200);
  });

  it('may not be used for another body', async () => {
    edge.answerWith(() => plainAnswer());
    const sent = { 'idempotency-key': 'reused' };
    await edge.ask(chat, sent);
    const answer = await edge.ask({ ...chat, n: 1 }, sent);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param: 'idempotency-key' } }]);
  });
});

describe('answers that nest too deep to be walked', () => {
  const tooDeep = `{"choices":[{"index":0,"message":{"role":"assistant","content":"[EMAIL_ADDRESS_1]","x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]}`;
  const table = { '[EMAIL_ADDRESS_1]': 'ann@example.com' };

  it('are restored all the same where they are plain', async () => {
    edge.answerWith((_request, context) => {
      context.unmask(table);
      return reply({
        answer: { status: 200, contentType: 'application/json', provider: 'sim', model: 'sim-1', attempts: [attempt()] },
        body: Buffer.from(tooDeep),
      });
    });
    const answer = await edge.ask(chat);
    expect([answer.status, (await answer.text()).slice(0, 80)]).toEqual([
      200,
      tooDeep.replace('[EMAIL_ADDRESS_1]', 'ann@example.com').slice(0, 80),
    ]);
  });

  it('break off where they are streams, and end the provider call', async () => {
    const aborted = Promise.withResolvers<undefined>();
    edge.answerWith((_request, context) => {
      context.unmask(table);
      return stream(
        (async function* () {
          yield Buffer.from(`data: ${tooDeep.replace('"message"', '"delta"')}\n\n`);
          await new Promise((resolve) => {
            context.signal.addEventListener('abort', resolve);
          });
          aborted.resolve(undefined);
        })(),
        () => ({ attempts: [attempt({ failure: 'cancelled' })], error: new SluiceError('client_closed_request', 'Cancelled.') }),
      );
    });
    const answer = await edge.ask(streamed);
    expect(await answer.text()).toContain('"code":"provider_error"');
    await aborted.promise;
    expect(await edge.eventsOf(idOf(answer), 1)).toMatchObject([
      { type: 'com.sluice.usage.settled.v1', data: { outcome: 'failed', errorCode: 'provider_error', usage: { output: 20 } } },
    ]);
  });
});

describe('absent stages', () => {
  it('are skipped where the policy allows it, and named', async () => {
    edge.answerWith(() => plainAnswer());
    const answer = await edge.ask(chat, { authorization: 'Bearer sk-sluice-skip' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-sluice-guards')).toBe('masking=skipped:unavailable');
  });

  it('refuse the request where it must not pass without them', async () => {
    const answer = await edge.ask(chat, { authorization: 'Bearer sk-sluice-guarded' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toContain('guardrail');
    expect((await edge.eventsOf(idOf(answer), 1))[0]).toMatchObject({
      data: { errorCode: 'stage_unavailable', stage: 'guardrail', status: 503 },
    });
  });
});

describe('streamed answers', () => {
  it('pass event for event and settle with the usage of their end', async () => {
    edge.answerWith(() => stream(of(chunk('Hel'), chunk('lo', 'stop'), done), wholeEnd));
    const answer = await edge.ask(streamed);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
      'x-sluice-model': 'sim-1',
    });
    expect(answer.headers.has('x-sluice-cost-usd')).toBe(false); // not known yet
    expect(await answer.text()).toBe(Buffer.concat([chunk('Hel'), chunk('lo', 'stop'), done]).toString());
    const events = await edge.eventsOf(idOf(answer), 1);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      data: {
        outcome: 'completed',
        stream: true,
        usage: { input: 10, output: 20 },
        costNanoUsd: '1500',
        timeToFirstTokenMs: expect.any(Number) as number,
      },
    });
  });

  it('have the masked values back across chunk borders', async () => {
    edge.answerWith((_request, context) => {
      context.unmask({ '[EMAIL_ADDRESS_1]': 'ann@example.com' });
      return stream(of(chunk('Write to [EMAIL'), chunk('_ADDRESS_1] now', 'stop'), done), wholeEnd);
    });
    const text = await (await edge.ask(streamed)).text();
    const contents = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content).join('');
    expect(contents).toBe('Write to ann@example.com now');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('break off in an error event, and are settled as failed with what was used', async () => {
    edge.answerWith(() =>
      stream(of(chunk('Hel')), () => ({
        attempts: [attempt({ failure: 'broken_stream', usage: { input: 10, output: 1, estimated: true } })],
        error: new SluiceError('provider_error', 'The provider broke the stream off.'),
      })),
    );
    const answer = await edge.ask(streamed);
    const text = await answer.text();
    expect(text.startsWith(chunk('Hel').toString())).toBe(true);
    expect(text).toContain('data: {"error":{"message":"The provider broke the stream off."');
    expect(text).not.toContain('[DONE]');
    const events = await edge.eventsOf(idOf(answer), 1);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      data: { outcome: 'failed', status: 200, errorCode: 'provider_error', modelUsed: 'sim-1', usage: { output: 1, estimated: true } },
    });
  });

  it('are settled, not refused, where the bus ends them', async () => {
    edge.answerWith((_request, { signal }) =>
      stream(
        (async function* () {
          yield chunk('Hel');
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve);
          });
        })(),
        () => ({ error: new SluiceError('deadline_exceeded', 'Too late.') }),
      ),
    );
    const answer = await edge.ask(streamed, { 'x-request-timeout-ms': '200' });
    expect(await answer.text()).toContain('deadline_exceeded');
    expect((await edge.eventsOf(idOf(answer), 1))[0]).toMatchObject({
      type: 'com.sluice.usage.settled.v1',
      data: {
        outcome: 'failed',
        errorCode: 'deadline_exceeded',
        attempts: [{ provider: 'sim', failure: 'broken_stream' }],
        usage: { input: Math.ceil(JSON.stringify(streamed).length / 4), output: 1, estimated: true },
        costNanoUsd: '900',
        priceVersion: 'test-1',
      },
    });
  });

  it('go to the cache in their plain form, still masked', async () => {
    edge.answerWith((_request, context) => {
      context.unmask({ '[EMAIL_ADDRESS_1]': 'ann@example.com' });
      return stream(of(chunk('To [EMAIL_ADDRESS_1]'), chunk('', 'stop'), done), wholeEnd);
    });
    const answer = await edge.ask(streamed, keptKey);
    await answer.text();
    const kept = await keptOf(idOf(answer));
    expect(kept.text).toContain('To [EMAIL_ADDRESS_1]');
    expect(kept.text).toContain('"chat.completion"');
    expect(kept.store).toMatchObject({ organization: 'acme', team: 'support', ttlSeconds: 60, finishReason: 'stop', costNanoUsd: '1500' });
  });

  it('without an end of their own go to the cache where they are vectors', async () => {
    const vectors = '{"data":[{"embedding":[1]}]}';
    edge.answerWith(() =>
      reply({
        answer: {
          status: 200,
          contentType: 'application/json',
          provider: 'sim',
          model: 'sim-1',
          usage: { input: 3, output: 0 },
          attempts: [attempt()],
        },
        body: Buffer.from(vectors),
      }),
    );
    const answer = await edge.post('/v1/embeddings', '{"model":"chat","input":"x"}', keptKey);
    await answer.text();
    expect(await keptOf(idOf(answer))).toMatchObject({ text: vectors, store: { dialect: 'openai-embeddings', finishReason: '' } });
  });

  it('that were cut short do not go to the cache', async () => {
    const cut = (): StreamEnd => ({ finishReason: 'length', usage: { input: 10, output: 20 }, attempts: [attempt()] });
    edge.answerWith(() => stream(of(chunk('x', 'length'), done), cut));
    const short = await edge.ask(streamed, keptKey);
    await short.text();
    edge.answerWith(() => stream(of(chunk('x', 'stop'), done), wholeEnd));
    const whole = await edge.ask(streamed, keptKey);
    await whole.text();
    await keptOf(idOf(whole)); // one connection: the short one would have come before
    expect(edge.stored.map(({ store }) => store.key)).not.toContain(idOf(short));
  });

  it('wait for a client that reads slowly, and end whole once it reads', async () => {
    let sent = 0;
    const total = 2_000;
    const filler = 'y'.repeat(32 * 1024);
    edge.answerWith(() =>
      stream(
        (async function* () {
          for (; sent < total; sent += 1) {
            if (sent % 16 === 0) await turn();
            yield chunk(filler);
          }
          yield done;
        })(),
        wholeEnd,
      ),
    );
    const answer = await edge.open(streamed);
    let before = -1;
    let quiet = 0;
    await vi.waitUntil(
      () => {
        quiet = sent === before ? quiet + 1 : 0;
        before = sent;
        return quiet >= 5;
      },
      { interval: 50, timeout: 10_000 },
    );
    expect(sent).toBeLessThan(total / 2);
    let bytes = 0;
    for await (const part of answer.message) bytes += (part as Buffer).byteLength; // no encoding is set: parts are buffers
    expect(bytes).toBe(chunk(filler).byteLength * total + done.byteLength);
  });
});

describe('clients that leave', () => {
  it('end the provider call, and pay what it used', async () => {
    let aborted = false;
    edge.answerWith((_request, { signal }) =>
      stream(
        (async function* () {
          yield chunk('Hel');
          await new Promise((resolve) => {
            signal.addEventListener('abort', resolve);
          });
          aborted = true;
        })(),
        () => ({
          attempts: [attempt({ failure: 'cancelled', usage: { input: 10, output: 3 } })],
          error: new SluiceError('client_closed_request', 'The client left.'),
        }),
      ),
    );
    const answer = await edge.open(streamed);
    answer.leave();
    const events = await edge.eventsOf(String(answer.headers['x-request-id']), 1);
    expect(aborted).toBe(true);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      type: 'com.sluice.usage.settled.v1',
      data: { outcome: 'cancelled', status: 499, usage: { output: 3 } },
    });
  });

  it('may be drained: the call goes on, is settled, and its answer kept', async () => {
    const left = Promise.withResolvers<undefined>();
    edge.answerWith(() =>
      stream(
        (async function* () {
          yield chunk('Hel');
          await left.promise;
          for (let index = 0; index < 200; index += 1) yield chunk('lo');
          yield chunk('', 'stop');
          yield done;
        })(),
        wholeEnd,
      ),
    );
    const cancels: string[] = [];
    edge.services.subscribe(subjects.anyCancel, (_data, subject) => cancels.push(subject));
    const answer = await edge.open(streamed, { authorization: 'Bearer sk-sluice-drain' });
    answer.leave();
    left.resolve(undefined);
    const events = await edge.eventsOf(String(answer.headers['x-request-id']), 1);
    expect(events[0]).toMatchObject({ data: { outcome: 'cancelled', usage: { input: 10, output: 20 } } });
    await keptOf(String(answer.headers['x-request-id']));
    expect(cancels).toEqual([]);
  });
});
