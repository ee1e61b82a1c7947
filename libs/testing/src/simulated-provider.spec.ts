import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startSimulatedProvider, type SimulatedProvider } from './simulated-provider.ts';
import type { SimulatedFault } from './simulation-script.ts';

let provider: SimulatedProvider;
let client: OpenAI;
beforeAll(async () => {
  provider = await startSimulatedProvider({ name: 'a' });
  client = new OpenAI({ apiKey: 'none', baseURL: provider.url, maxRetries: 0 });
});
beforeEach(() => {
  provider.clearCalls();
});
afterAll(() => provider.stop());

const ask = (content: string, more: object = {}) => JSON.stringify({ model: 'sim', messages: [{ role: 'user', content }], ...more });
const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${provider.url}/chat/completions`, { method: 'POST', body, headers });
const fault = (name: SimulatedFault) => ({ 'x-sim-fault': name });
const tool = (name: string) => ({
  type: 'function' as const,
  function: {
    name,
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['days'] },
  },
});

describe('answers', () => {
  it('echoes the last user text with usage', async () => {
    const answer = await client.chat.completions.create({ model: 'sim', messages: [{ role: 'user', content: 'mail <EMAIL_1>' }] });
    expect(answer.choices[0]?.message.content).toContain('mail <EMAIL_1>');
    expect(answer.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 13, total_tokens: 17 });
  });

  it('gives the same bytes for the same request', async () => {
    const [first, second] = await Promise.all([post(ask('twice')), post(ask('twice'))]);
    expect(await first.text()).toBe(await second.text());
  });

  it('streams what it answers plainly, the usage last', async () => {
    const stream = await client.chat.completions.create({
      model: 'sim',
      messages: [{ role: 'user', content: 'naïve 😀 text' }],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let total: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      total = chunk.usage?.total_tokens;
    }
    expect(text).toBe('The simulated model sim was asked: naïve 😀 text');
    expect(total).toBe(17);
  });

  it('stops at max_completion_tokens between characters', async () => {
    const answer = await client.chat.completions.create({
      model: 'sim',
      messages: [{ role: 'user', content: 'hello' }],
      max_completion_tokens: 3,
    });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'The simulate' } });
  });

  it('calls every tool whose name the user says, the text in its first string', async () => {
    const answer = await client.chat.completions.create({
      model: 'sim',
      messages: [{ role: 'user', content: 'use weather and traffic' }],
      tools: [tool('weather'), tool('traffic'), tool('news')],
    });
    const calls = answer.choices[0]?.message.tool_calls?.filter((call) => call.type === 'function') ?? [];
    expect(calls.map((call) => call.function.name)).toEqual(['weather', 'traffic']);
    expect(JSON.parse(calls[0]?.function.arguments ?? '')).toEqual({ days: 0, city: 'use weather and traffic' });
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
  });

  it('answers text after a tool result', async () => {
    const answer = await client.chat.completions.create({
      model: 'sim',
      messages: [
        { role: 'user', content: 'use weather' },
        { role: 'tool', tool_call_id: 'x', content: 'sunny' },
      ],
      tools: [tool('weather')],
    });
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });

  it('fits a JSON schema', async () => {
    const schema = { type: 'object', properties: { kind: { enum: ['a', 'b'] }, note: { type: 'string' } }, required: ['kind', 'note'] };
    const answer = await client.chat.completions.create({
      model: 'sim',
      messages: [{ role: 'user', content: 'fit' }],
      response_format: { type: 'json_schema', json_schema: { name: 'thing', schema } },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ kind: 'a', note: 'fit' });
  });

  it('embeds texts that share words closer than others', async () => {
    const { data } = await client.embeddings.create({
      model: 'sim-embed',
      input: ['red green blue', 'red green black', 'one two three'],
    });
    const [first, near, far] = data.map((item) => item.embedding);
    const product = (a: number[] = [], b: number[] = []) => a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
    expect(product(first, first)).toBeCloseTo(1, 3);
    expect(product(first, near)).toBeGreaterThan(product(first, far));
  });

  it('says what is wrong with a body', async () => {
    const [noJson, noMessages] = await Promise.all([post('{'), post('{"model":"sim"}')]);
    expect([noJson.status, noMessages.status]).toEqual([400, 400]);
    expect(await noMessages.text()).toContain("'messages' must be an array");
  });
});

describe('scripts', () => {
  it('refuses with the status and retry-after it is told', async () => {
    const response = await post(ask('x'), { 'x-sim-status': '429', 'x-sim-retry-after': '7' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it('misbehaves for the first N calls of a key only', async () => {
    const headers = { 'x-sim-status': '500;first=2', 'x-sim-key': 'first-two' };
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await post(ask('x'), headers)).status);
    expect(statuses).toEqual([500, 500, 200]);
  });

  it('leaves the other instances alone', async () => {
    expect((await post(ask('x'), { 'x-sim-status': 'b:500' })).status).toBe(200);
    expect((await post(ask('x'), { 'x-sim-status': 'b:500, a:503' })).status).toBe(503);
  });

  it('takes a script from the metadata of the body', async () => {
    expect((await post(ask('x', { metadata: { 'x-sim-status': '503' } }))).status).toBe(503);
  });

  it('names the header that it cannot read', async () => {
    expect(await (await post(ask('x'), { 'x-sim-latency-ms': 'soon' })).text()).toContain('x-sim-latency-ms');
  });

  it('gives as many tokens as it is told', async () => {
    const answer = await (await post(ask('x'), { 'x-sim-output-tokens': '500' })).text();
    expect(answer).toContain('"completion_tokens":500');
  });

  it.each(['reset', 'truncate'] as const)('%s cuts the connection', async (name) => {
    await expect(post(ask('x', { stream: true }), fault(name)).then((response) => response.text())).rejects.toThrow();
    expect(provider.calls()[0]?.outcome).toBe('faulted');
  });

  it('sends an error event inside the stream', async () => {
    const text = await (await post(ask('x', { stream: true }), fault('error-event'))).text();
    expect(text).toContain('data: {"error":');
    expect(text).not.toContain('[DONE]');
  });

  it('sends JSON that does not parse', async () => {
    const text = await (await post(ask('x'), fault('malformed'))).text();
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('drips a stream byte by byte without loss', async () => {
    const dripped = await (await post(ask('é', { stream: true }), fault('drip'))).text();
    expect(dripped).toBe(await (await post(ask('é', { stream: true }))).text());
  });

  it('sends a line of 4 MiB and still a whole stream', async () => {
    const text = await (await post(ask('x', { stream: true }), fault('huge-line'))).text();
    expect(text.length).toBeGreaterThan(4_194_304);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('answers HTML where JSON is due', async () => {
    expect((await post(ask('x'), fault('content-type'))).headers.get('content-type')).toContain('text/html');
  });

  it.each(['hang', 'hang-stream'] as const)('%s holds on until the client goes, and sees it go', async (name) => {
    const controller = new AbortController();
    const answer = fetch(`${provider.url}/chat/completions`, {
      method: 'POST',
      body: ask('x', { stream: true }),
      headers: fault(name),
      signal: controller.signal,
    }).then((response) => response.text());
    await vi.waitFor(() => {
      expect(provider.calls()).toHaveLength(1);
    });
    controller.abort();
    await expect(answer).rejects.toThrow();
    await vi.waitFor(() => {
      expect(provider.calls()[0]?.outcome).toBe('aborted');
    });
  });
});

describe('the log of calls', () => {
  it('tells who called, how it ended, and what was asked', async () => {
    await (await post(ask('logged'), { 'x-sluice-request-id': 'r-1', 'x-sluice-attempt': '2' })).text();
    const log = await (await fetch(`${provider.url.replace('/v1', '')}/_sim/calls`)).text();
    expect(JSON.parse(log)).toMatchObject({
      instance: 'a',
      calls: [{ requestId: 'r-1', attempt: '2', outcome: 'completed', body: ask('logged') }],
    });
  });

  it('is emptied by DELETE', async () => {
    await (await post(ask('x'))).text();
    await fetch(`${provider.url.replace('/v1', '')}/_sim/calls`, { method: 'DELETE' });
    expect(provider.calls()).toEqual([]);
  });
});
