import { refuse, reply, replyStream, type StageRequest } from '@sluice/bus';
import { SluiceError, type Dialect } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { dialectRoutes, isAnthropic, routedDialects } from './dialect-routes.ts';
import { attempt, openEdge } from './edge-harness.ts';

const edge = await openEdge();

const messages = [{ role: 'user', content: 'Say something.' }];
const bodies: Readonly<Record<Dialect, object>> = {
  'openai-chat': { messages },
  'openai-completions': { prompt: 'Say something.', max_tokens: 7 },
  'openai-responses': { input: 'Say something.' },
  'openai-embeddings': { input: ['one', 'two'] },
  'anthropic-messages': { messages, max_tokens: 7 },
  'anthropic-count-tokens': { messages },
};
const streaming: readonly Dialect[] = ['openai-chat', 'openai-completions', 'openai-responses', 'anthropic-messages'];

const ask = (dialect: Dialect, more: object = {}, headers: Record<string, string> = {}) =>
  edge.post(dialectRoutes[dialect], JSON.stringify({ model: 'chat', ...bodies[dialect], ...more }), headers);

const answered = { provider: 'sim', model: 'sim-1', attempts: [attempt()] };

describe.each(routedDialects)('%s', (dialect, path) => {
  it('goes down the slip as it came, and its answer comes back untouched', async () => {
    const seen: StageRequest[] = [];
    const answer = Buffer.from('{"any":"thing", "object":"answer"}');
    edge.answerWith((request) => {
      seen.push(request);
      return reply({ answer: { ...answered, status: 200, contentType: 'application/json' }, body: answer });
    });
    const got = await ask(dialect, { model: 'big', unknown_member: [1] });
    expect([got.status, await got.text()]).toEqual([200, answer.toString()]);
    expect(seen[0]?.envelope).toMatchObject({ dialect, model: 'vendor/big', stream: false });
    expect(await seen[0]?.body.json()).toMatchObject({ model: 'big', ...bodies[dialect], unknown_member: [1] });
  });

  it('names the request as its clients look for it, and what was left out', async () => {
    edge.answerWith(() =>
      reply({
        answer: { ...answered, status: 200, contentType: 'application/json', dropped: ['top_k', 'tools.0.naïve'] },
        body: Buffer.from('{}'),
      }),
    );
    const { headers } = await ask(dialect);
    expect(headers.get('x-request-id')).toMatch(/^req_/);
    expect(headers.get('request-id')).toBe(isAnthropic(dialect) ? headers.get('x-request-id') : null);
    expect(headers.get('x-sluice-dropped')).toBe('top_k, tools.0.na?ve');
  });

  it('refuses in its own words, whoever refuses', async () => {
    edge.answerWith(() => refuse(new SluiceError('overloaded', 'Try later.')));
    const answers = await Promise.all([
      ask(dialect),
      ask(dialect, { model: 'none' }),
      ask(dialect, { model: 7 }),
      ask(dialect, {}, { authorization: 'Bearer sk-sluice-unknown' }),
      ask(dialect, {}, { 'content-type': 'text/plain' }),
      edge.post(path, '{'),
      edge.get(path),
      edge.post(path, JSON.stringify({ padding: 'x'.repeat(5 * 1024 * 1024) })),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([503, 404, 400, 401, 415, 400, 405, 413]);
    for (const answer of answers) {
      const error = { type: expect.any(String) as string, message: expect.any(String) as string };
      const body = await answer.json();
      if (isAnthropic(dialect)) {
        expect(body).toEqual({ type: 'error', error, request_id: answer.headers.get('request-id') });
        expect(answer.headers.get('request-id')).toMatch(/^req_/);
      } else expect(body).toMatchObject({ error: { ...error, code: expect.any(String) as string } });
    }
  });
});

describe.each(streaming)('a stream of %s', (dialect) => {
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous to its reader
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('event: any\ndata: {"some":"event"}\n\n');
    throw new SluiceError('provider_error', 'The provider broke off.');
  }

  it('is told as one to the stages, and ends in an error event of its own form', async () => {
    let stream: boolean | undefined;
    edge.answerWith(({ envelope }) => {
      stream = envelope.stream;
      return replyStream({
        head: { status: 200, contentType: 'text/event-stream', ...answered },
        chunks: broken(),
        end: (thrown) => ({ error: SluiceError.from(thrown), attempts: [attempt({ failure: 'broken_stream' })] }),
      });
    });
    const answer = await ask(dialect, { stream: true });
    const text = await answer.text();
    expect(stream).toBe(true);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const last = text.trim().split('\n\n').at(-1) ?? '';
    const data: unknown = JSON.parse(last.slice(last.indexOf('data: ') + 6));
    if (dialect === 'anthropic-messages') {
      expect(last.startsWith('event: error\n')).toBe(true);
      expect(data).toMatchObject({ type: 'error', error: { type: 'api_error', message: 'The provider broke off.' } });
    } else if (dialect === 'openai-responses') {
      expect(last.startsWith('event: error\n')).toBe(true);
      expect(data).toMatchObject({ type: 'error', code: 'provider_error', message: 'The provider broke off.' });
    } else expect(data).toMatchObject({ error: { code: 'provider_error', message: 'The provider broke off.' } });
  });
});

describe('what the stages are told of a request', () => {
  it.each<[Dialect, object, number | undefined]>([
    ['openai-chat', { max_tokens: 5, n: 2 }, 10],
    ['openai-responses', { max_output_tokens: 16 }, 16],
    ['anthropic-messages', { max_tokens: 9 }, 9],
    ['anthropic-count-tokens', {}, undefined],
  ])('%s %j: the most that it may produce', async (dialect, more, limit) => {
    let told: number | undefined;
    edge.answerWith(({ envelope }) => {
      told = envelope.maxOutputTokens;
      return reply({ answer: { ...answered, status: 200, contentType: 'application/json' }, body: Buffer.from('{}') });
    });
    await ask(dialect, more);
    expect(told).toBe(limit);
  });
});

describe('paths around the routes', () => {
  it.each(['/v1/messages/batches', '/v1/messages/'])('%s is not found in Anthropic’s words', async (path) => {
    const answer = await edge.post(path, '{}');
    expect([answer.status, await answer.json()]).toMatchObject([404, { type: 'error', error: { type: 'not_found_error' } }]);
  });

  it.each(['/v1/messagesfoo', '/v1/responses/resp_1'])('%s is not found in OpenAI’s words', async (path) => {
    const answer = await edge.get(path);
    expect([answer.status, await answer.json()]).toMatchObject([404, { error: { code: 'not_found' } }]);
  });

  it('takes what stands behind a question mark, as Anthropic’s client sends it', async () => {
    edge.answerWith(() => reply({ answer: { ...answered, status: 200, contentType: 'application/json' }, body: Buffer.from('{}') }));
    const body = JSON.stringify({ model: 'chat', ...bodies['anthropic-messages'] });
    expect((await edge.post('/v1/messages?beta=true', body, { 'anthropic-version': '2023-06-01' })).status).toBe(200);
  });

  it('keeps one idempotency-key apart on different routes', async () => {
    const headers = { 'idempotency-key': 'one-key-on-two-routes' };
    for (const text of ['{"from":"messages"}', '{"from":"count"}']) {
      edge.answerWith(() => reply({ answer: { ...answered, status: 200, contentType: 'application/json' }, body: Buffer.from(text) }));
      const dialect = text.includes('count') ? 'anthropic-count-tokens' : 'anthropic-messages';
      const body = JSON.stringify({ model: 'chat', ...bodies['anthropic-messages'] });
      expect(await (await edge.post(dialectRoutes[dialect], body, headers)).text()).toBe(text);
    }
  });
});
