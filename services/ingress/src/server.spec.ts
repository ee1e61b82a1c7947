import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chat, openEdge, plainAnswer } from './edge-harness.ts';

const edge = await openEdge();

interface OpenAiError {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string };
}

/** Reads an error answer and checks what all of them have. */
async function errorOf(answer: Response): Promise<OpenAiError['error'] & { status: number }> {
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('content-length')).toMatch(/^\d+$/);
  expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-z]{26}$/);
  const { error } = (await answer.json()) as OpenAiError; // asserted below
  expect(error).toEqual({
    message: expect.any(String) as string,
    type: expect.any(String) as string,
    param: error.param,
    code: error.code,
  });
  return { ...error, status: answer.status };
}

describe('malformed requests', () => {
  it.each([
    ['no JSON', 'hello', null],
    ['an empty object', '{}', 'model'],
    ['an array', '[]', null],
    ['null', 'null', null],
    ['no model', '{"messages":[{"role":"user","content":"x"}]}', 'model'],
    ['a model that is no string', '{"model":1,"messages":[{"role":"user","content":"x"}]}', 'model'],
    ['no messages', '{"model":"chat"}', 'messages'],
    ['no message', '{"model":"chat","messages":[]}', 'messages'],
    ['stream that is no boolean', '{"model":"chat","messages":[{"role":"user","content":"x"}],"stream":"yes"}', 'stream'],
    ['too hot', '{"model":"chat","messages":[{"role":"user","content":"x"}],"temperature":3}', 'temperature'],
    ['1e999 tokens', '{"model":"chat","messages":[{"role":"user","content":"x"}],"max_tokens":1e999}', 'max_tokens'],
    ['an unclosed document', '{"model":"chat"', null],
    [
      'a limit that JSON.parse may read by another name',
      String.raw`{"model":"chat","messages":[{"role":"user","content":"x"}],"\u006dax_tokens":9}`,
      null,
    ],
    ['100,000 open brackets', '['.repeat(100_000), null],
  ])('tells a client that sends %s', async (_name, body, param) => {
    expect(await errorOf(await edge.post('/v1/chat/completions', body))).toMatchObject({
      status: 400,
      code: 'invalid_request',
      type: 'invalid_request_error',
      param,
    });
  });

  it('tells a client that sends no UTF-8', async () => {
    const body = Buffer.concat([
      Buffer.from('{"model":"chat","messages":[{"role":"user","content":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}]}'),
    ]);
    expect(await errorOf(await edge.post('/v1/chat/completions', body))).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('tells a client that sends nothing', async () => {
    expect(await errorOf(await edge.post('/v1/chat/completions', ''))).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('takes content-type with a charset', async () => {
    const answer = await edge.ask(chat, { 'content-type': 'application/json; charset=utf-8' });
    expect(answer.status).toBe(200);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'nonsense'])(
    'refuses content-type %s',
    async (type) => {
      expect(await errorOf(await edge.ask(chat, { 'content-type': type }))).toMatchObject({
        status: 415,
        code: 'unsupported_media_type',
        param: 'content-type',
      });
    },
  );

  it('refuses a body without content-type', async () => {
    const answer = await fetch(`${edge.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-sluice-test' },
      body: Buffer.from(JSON.stringify(chat)),
    });
    expect(await errorOf(answer)).toMatchObject({ status: 415, param: 'content-type' });
  });

  it('refuses a body over the limit', async () => {
    const body = JSON.stringify({ ...chat, padding: 'x'.repeat(4 * 1024 * 1024) });
    expect(await errorOf(await edge.post('/v1/chat/completions', body))).toMatchObject({ status: 413, code: 'request_too_large' });
  });

  it('lets a client finish sending what is refused for its size, so that it reads the answer', async () => {
    const body = Buffer.alloc(48 * 1024 * 1024, ' ');
    expect(await errorOf(await edge.post('/v1/chat/completions', body.toString('latin1')))).toMatchObject({ status: 413 });
  });

  it('names an unknown path', async () => {
    const error = await errorOf(await edge.get('/v1/nothing?x=1'));
    expect(error).toMatchObject({ status: 404, code: 'not_found' });
    expect(error.message).toContain('GET /v1/nothing');
  });

  it('names the methods of a path', async () => {
    const answer = await edge.get('/v1/chat/completions');
    expect(answer.headers.get('allow')).toBe('POST');
    expect(await errorOf(answer)).toMatchObject({ status: 405, code: 'method_not_allowed' });
  });

  it('answers a path that cannot be decoded', async () => {
    expect(await errorOf(await edge.get('/v1/models/%E0%A4%A'))).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it.each([
    ['x-sluice-cache-threshold', '2'],
    ['x-sluice-cache-ttl', '0'],
    ['x-sluice-metadata', '[1]'],
    ['x-request-timeout-ms', 'soon'],
    ['cache-control', 'max-age=-1'],
  ])('names header %s: %s', async (header, value) => {
    const error = await errorOf(await edge.ask(chat, { [header]: value }));
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', param: header });
    expect(error.message).toContain(header);
  });

  it('names a model that does not exist, and none of its control characters', async () => {
    const error = await errorOf(await edge.ask({ ...chat, model: 'no\nsuch' }));
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    expect(error.message).toContain('"no?such"');
  });

  it('refuses a model that the key may not use', async () => {
    const error = await errorOf(await edge.ask({ ...chat, model: 'other' }, { authorization: 'Bearer sk-sluice-one-model' }));
    expect(error).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' });
  });

  it('never fails of its own on any bytes', async () => {
    edge.answerWith(() => plainAnswer());
    const bodies = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify({ ...chat, messages: [value] }))),
      fc
        .tuple(fc.constantFrom('__proto__', 'constructor', 'messages', 'stream', 'tools', 'stop', 'n', 'max_tokens'), fc.json())
        .map(([name, text]) => Buffer.from(`{"model":"chat","messages":[{"role":"user","content":"x"}],"${name}":${text}}`)),
      fc
        .nat(50_000)
        .map((depth) =>
          Buffer.from(`{"model":"chat","messages":[{"role":"user","content":"x","extra":${'['.repeat(depth)}${']'.repeat(depth)}}]}`),
        ),
    );
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const answer = await edge.post('/v1/chat/completions', body);
        await answer.arrayBuffer();
        expect([200, 400, 404]).toContain(answer.status);
      }),
      { numRuns: 150 },
    );
  });
});

describe('keys', () => {
  it.each([
    ['none', {}],
    ['an unknown one', { authorization: 'Bearer sk-sluice-unknown' }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic dXNlcjpwYXNz' }],
    ['one of 600 characters', { 'x-api-key': 'k'.repeat(600) }],
  ])('refuses %s', async (_name, headers: Record<string, string>) => {
    const answer = await fetch(`${edge.url}/v1/models`, { headers });
    expect(await errorOf(answer)).toMatchObject({
      status: 401,
      code: 'invalid_api_key',
      type: 'authentication_error',
      param: 'authorization',
    });
  });

  it('takes x-api-key', async () => {
    const answer = await fetch(`${edge.url}/v1/models`, { headers: { 'x-api-key': 'sk-sluice-test' } });
    expect(answer.status).toBe(200);
  });

  it('writes no key and no prompt into a log line', async () => {
    await edge.ask({ model: 'chat', messages: [{ role: 'user', content: 'a secret prompt' }] });
    expect(edge.log()).not.toContain('sk-sluice');
    expect(edge.log()).not.toContain('secret prompt');
  });
});

describe('what a key may ask of itself', () => {
  it('shows its use', async () => {
    expect(await (await edge.get('/v1/usage')).json()).toEqual({
      object: 'usage',
      key: { id: 'key_web', name: 'web', organization: 'acme', team: 'support' },
      scopes: [{ scope: 'key', name: 'key_web', limit: 'requests', window: 'minute', used: 1, remaining: 9, resetMs: 60_000 }],
    });
  });

  it('shows the limits of a model, by any of its names, of a user and of tags', async () => {
    const headers = { 'x-sluice-user': 'ada', 'x-sluice-metadata': '{"project":"search"}' };
    const answer = await edge.get('/v1/usage?model=big', headers);
    const { scopes } = (await answer.json()) as { scopes: { scope: string; name: string }[] }; // what the services played here say
    expect(scopes.map(({ scope, name }) => `${scope} ${name}`)).toEqual([
      'key key_web',
      'user ada',
      'model vendor/big',
      'tag project=search',
    ]);
  });

  it('tells of no model that there is not', async () => {
    expect((await edge.get('/v1/usage?model=none')).status).toBe(404);
  });
});

describe('checks', () => {
  it('relays a guardrail check under the policy of the key', async () => {
    const answer = await edge.post('/v1/guardrails/check', '{"input":"text"}');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ action: 'flag', detections: [{ category: 'default' }], coverage: { inspectedBytes: 4 } });
  });

  it('relays masking under the policy that was asked for', async () => {
    const answer = await edge.post('/v1/mask', '{"text":"text","policy":"guarded"}');
    expect(await answer.json()).toMatchObject({ text: 'guarded:4', entities: [{ type: 'EMAIL_ADDRESS' }] });
  });

  it.each([
    ['/v1/guardrails/check', '{}', 'input'],
    ['/v1/guardrails/check', '{"input":1}', 'input'],
    ['/v1/guardrails/check', '{"input":"x","direction":"up"}', 'direction'],
    ['/v1/guardrails/check', '{"input":"x","policy":"none"}', 'policy'],
    ['/v1/guardrails/check', '{"input":"x","inputs":"y"}', null],
    ['/v1/guardrails/check', 'x', null],
    ['/v1/mask', '{"text":null}', 'text'],
    ['/v1/mask', '{"text":"x","policy":"none"}', 'policy'],
    ['/v1/mask', '[]', null],
  ])('%s names what is wrong with %s', async (path, body, param) => {
    expect(await errorOf(await edge.post(path, body))).toMatchObject({ status: 400, code: 'invalid_request', param });
  });

  it('refuses bytes that are no UTF-8 instead of checking other text', async () => {
    const body = Buffer.concat([Buffer.from('{"input":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(await errorOf(await edge.post('/v1/guardrails/check', body))).toMatchObject({ status: 400 });
  });

  it('refuses a text that is too long for a check', async () => {
    const body = JSON.stringify({ input: 'x'.repeat(2 * 1024 * 1024) });
    expect(await errorOf(await edge.post('/v1/guardrails/check', body))).toMatchObject({ status: 413, code: 'request_too_large' });
  });
});

describe('what the gateway tells of itself', () => {
  it('lives', async () => {
    expect(await (await fetch(`${edge.url}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  it('is not ready while a required stage is missing, and names it', async () => {
    const answer = await fetch(`${edge.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: 'not ready', problems: { stages: 'no live instance of: guardrail' } });
  });

  it('counts', async () => {
    await (await edge.ask(chat)).text();
    const text = await (await fetch(`${edge.url}/metrics`)).text();
    expect(text).toMatch(/sluice_requests_total\{model="chat",status="200",cache="bypass"\} \d+/);
    expect(text).toContain('sluice_requests_in_flight 0');
  });

  it('describes itself', async () => {
    expect(await (await fetch(`${edge.url}/openapi.json`)).json()).toMatchObject({ openapi: '3.1.0', paths: { '/v1/mask': {} } });
  });
});
