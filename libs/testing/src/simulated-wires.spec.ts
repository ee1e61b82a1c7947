import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulatedProvider, type SimulatedProvider } from './simulated-provider.ts';

let provider: SimulatedProvider;
let openai: OpenAI;
let anthropic: Anthropic;
beforeAll(async () => {
  provider = await startSimulatedProvider();
  openai = new OpenAI({ apiKey: 'none', baseURL: provider.url, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'none', baseURL: provider.url.replace('/v1', ''), maxRetries: 0 });
});
afterAll(() => provider.stop());

const said = (text: string): string => `The simulated model sim was asked: ${text}`;
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const schema = { type: 'object', properties: { note: { type: 'string' } }, required: ['note'], additionalProperties: false };
const script = (headers: Record<string, string>) => ({ headers });
const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  fetch(provider.url + path, { method: 'POST', body: JSON.stringify(body), headers });

describe('responses', () => {
  const tools = ['weather', 'traffic'].map((name) => ({ type: 'function' as const, name, parameters, strict: true }));

  it('answer with thoughts, cached tokens and usage', async () => {
    const answer = await openai.responses.create(
      { model: 'sim', instructions: 'Be short.', input: 'hello there' },
      script({ 'x-sim-reasoning': '9', 'x-sim-cached-tokens': '4' }),
    );
    expect(answer.output_text).toBe(said('hello there'));
    expect(answer.output.map((item) => item.type)).toEqual(['reasoning', 'message']);
    expect(answer.usage).toMatchObject({
      input_tokens: 6,
      input_tokens_details: { cached_tokens: 4 },
      output_tokens: 21,
      output_tokens_details: { reasoning_tokens: 9 },
    });
  });

  it('stream to what they answer plainly', async () => {
    const body = { model: 'sim', input: [{ role: 'user' as const, content: [{ type: 'input_text' as const, text: 'naïve 😀' }] }] };
    const headers = { 'x-sim-reasoning': '5' };
    const streamed = await openai.responses.stream(body, script(headers)).finalResponse();
    const plain = await openai.responses.create(body, script(headers));
    expect(streamed.output).toEqual((await openai.responses.parse(body, script(headers))).output);
    expect(streamed.usage).toEqual(plain.usage);
  });

  it('number their events without a gap, each named twice', async () => {
    const text = await (await post('/responses', { model: 'sim', input: 'x', stream: true })).text();
    const events = text.trim().split('\n\n');
    const parsed = events.map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)) as { type: string; sequence_number: number });
    expect(parsed.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(events.map((event) => event.slice(7, event.indexOf('\n')))).toEqual(parsed.map((event) => event.type));
    expect(parsed.map((event) => event.type).filter((type) => !type.endsWith('.delta'))).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  it('call several tools at once, or one where the client wants no more', async () => {
    const body = { model: 'sim', input: 'weather and traffic', tools };
    const names = (answer: OpenAI.Responses.Response) =>
      answer.output.map((item) => (item.type === 'function_call' ? item.name : item.type));
    expect(names(await openai.responses.stream(body).finalResponse())).toEqual(['weather', 'traffic']);
    expect(names(await openai.responses.create({ ...body, parallel_tool_calls: false }))).toEqual(['weather']);
  });

  it('fit a JSON schema', async () => {
    const text = { format: { type: 'json_schema' as const, name: 'thing', schema, strict: true } };
    expect(JSON.parse((await openai.responses.create({ model: 'sim', input: 'fit', text })).output_text)).toEqual({ note: 'fit' });
  });

  it('end incomplete at the limit', async () => {
    const answer = await openai.responses.create({ model: 'sim', input: 'x', max_output_tokens: 3 });
    expect(answer).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output_text: 'The simulate',
    });
  });

  it('refuse in their own part', async () => {
    const answer = await openai.responses.create({ model: 'sim', input: 'x' }, script({ 'x-sim-finish': 'refusal' }));
    expect(answer.output).toMatchObject([{ content: [{ type: 'refusal' }] }]);
  });

  it('answer text after the output of a call', async () => {
    const input = [
      { role: 'user' as const, content: 'weather' },
      { type: 'function_call_output' as const, call_id: 'c', output: 'sunny' },
    ];
    expect((await openai.responses.create({ model: 'sim', input, tools })).output_text).toBe(said('weather'));
  });

  it('break off with an error event', async () => {
    const text = await (await post('/responses', { model: 'sim', input: 'x', stream: true }, { 'x-sim-fault': 'error-event' })).text();
    expect(text).toContain('event: error\ndata: {"type":"error","code":"server_error"');
    expect(text).not.toContain('response.completed');
  });
});

describe('messages', () => {
  const ask = { model: 'sim', max_tokens: 100, messages: [{ role: 'user' as const, content: 'weather and traffic' }] };
  const tools = ['weather', 'traffic'].map((name) => ({ name, input_schema: parameters }));

  it('answer with thoughts and what a cache gave counted apart', async () => {
    const answer = await anthropic.messages.create(ask, script({ 'x-sim-reasoning': '9', 'x-sim-cached-tokens': '4' }));
    expect(answer.content).toMatchObject([
      { type: 'thinking', signature: expect.stringMatching(/^[\w+/=]+$/) as string },
      { type: 'text', text: said('weather and traffic') },
    ]);
    expect(answer.usage).toMatchObject({ input_tokens: 1, cache_read_input_tokens: 4, output_tokens: 23 });
    expect(answer.stop_reason).toBe('end_turn');
  });

  it('stream to what they answer plainly', async () => {
    for (const more of [{}, { tools }]) {
      const headers = { 'x-sim-reasoning': '5' };
      const streamed = await anthropic.messages.stream({ ...ask, ...more }, script(headers)).finalMessage();
      const plain = await anthropic.messages.create({ ...ask, ...more }, script(headers));
      expect({ ...streamed, parsed_output: undefined }).toMatchObject({ ...plain });
    }
  });

  it('open with the start and a ping, and end with the delta', async () => {
    const text = await (await post('/messages', { ...ask, stream: true })).text();
    const names = [...text.matchAll(/^event: (.*)$/gm)].map((match) => match[1]).filter((name) => name !== 'content_block_delta');
    expect(names).toEqual(['message_start', 'content_block_start', 'ping', 'content_block_stop', 'message_delta', 'message_stop']);
  });

  it('call several tools at once, or one where the client wants no more', async () => {
    const all = await anthropic.messages.create({ ...ask, tools });
    expect(all.content).toMatchObject([{ name: 'weather', input: { city: 'weather and traffic' } }, { name: 'traffic' }]);
    expect(all.stop_reason).toBe('tool_use');
    const one = await anthropic.messages.create({ ...ask, tools, tool_choice: { type: 'auto', disable_parallel_tool_use: true } });
    expect(one.content).toHaveLength(1);
  });

  it('answer text after a tool result', async () => {
    const result = { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: 't', content: 'sunny' }] };
    const answer = await anthropic.messages.create({ ...ask, tools, messages: [...ask.messages, result] });
    expect(answer.stop_reason).toBe('end_turn');
  });

  it('fit a JSON schema', async () => {
    const answer = await anthropic.messages.create({ ...ask, output_config: { format: { type: 'json_schema', schema } } });
    expect(answer.content).toEqual([{ type: 'text', text: '{"note":"weather and traffic"}' }]);
  });

  it('tell the stop sequence that they met', async () => {
    const answer = await anthropic.messages.create({ ...ask, stop_sequences: [' was'] });
    expect(answer).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: ' was',
      content: [{ text: 'The simulated model sim' }],
    });
  });

  it.each([
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
    ['refusal', 'refusal'],
  ])('told to end by %s end by %s', async (finish, reason) => {
    expect((await anthropic.messages.create(ask, script({ 'x-sim-finish': finish }))).stop_reason).toBe(reason);
  });

  it('count tokens', async () => {
    const { input_tokens } = await anthropic.messages.countTokens({ model: 'sim', system: 'Be short.', messages: ask.messages });
    expect(input_tokens).toBe(8);
  });

  it('refuse a request without max_tokens and roles that they do not know', async () => {
    const answers = await Promise.all([
      post('/messages', { model: 'sim', messages: ask.messages }),
      post('/messages', { ...ask, messages: [{ role: 'system', content: 'x' }] }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
    }
  });

  it.each([
    ['429', 'rate_limit_error'],
    ['500', 'api_error'],
    ['529', 'overloaded_error'],
  ])('refuse with %s as %s', async (status, type) => {
    const answer = await post('/messages', ask, { 'x-sim-status': status });
    expect([answer.status, await answer.json()]).toMatchObject([Number(status), { type: 'error', error: { type } }]);
  });

  it('break off with an error event', async () => {
    const text = await (await post('/messages', { ...ask, stream: true }, { 'x-sim-fault': 'error-event' })).text();
    expect(text).toContain('event: error\ndata: {"type":"error","error":{"type":"overloaded_error"');
    expect(text).not.toContain('message_stop');
  });
});

describe('completions', () => {
  const ask = { model: 'sim', prompt: 'once upon', max_tokens: 50 };

  it('answer a prompt', async () => {
    const answer = await openai.completions.create(ask);
    expect(answer.choices).toMatchObject([{ text: said('once upon'), finish_reason: 'stop' }]);
    expect(answer.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 11 });
  });

  it('stop at sixteen tokens unless told', async () => {
    const answer = await openai.completions.create({ model: 'sim', prompt: 'long '.repeat(30) });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.usage?.completion_tokens).toBe(16);
  });

  it('stream with the usage last', async () => {
    let text = '';
    let total: number | undefined;
    for await (const chunk of await openai.completions.create({ ...ask, stream: true, stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.text ?? '';
      total = chunk.usage?.total_tokens;
    }
    expect([text, total]).toEqual([said('once upon'), 14]);
  });
});

describe('scripts of an answer', () => {
  const chat = { model: 'sim', messages: [{ role: 'user' as const, content: 'hello' }] };
  const tools = ['weather', 'traffic'].map((name) => ({ type: 'function' as const, function: { name, parameters } }));

  it('let chat think before it speaks', async () => {
    const plain = await (await post('/chat/completions', chat, { 'x-sim-reasoning': '7' })).json();
    expect(plain).toMatchObject({
      choices: [{ message: { reasoning_content: 'Thinking about: hello hm.' } }],
      usage: { completion_tokens_details: { reasoning_tokens: 7 } },
    });
    const streamed = await (await post('/chat/completions', { ...chat, stream: true }, { 'x-sim-reasoning': '7' })).text();
    expect(streamed.indexOf('reasoning_content')).toBeGreaterThan(0);
    expect(streamed.indexOf('reasoning_content')).toBeLessThan(streamed.indexOf('"content":"The simulate'));
  });

  it.each([
    ['weather', ['weather']],
    ['traffic+weather', ['weather', 'traffic']],
    ['all', ['weather', 'traffic']],
  ])('call tools by x-sim-tool: %s', async (value, names) => {
    const answer = await openai.chat.completions.create({ ...chat, tools }, script({ 'x-sim-tool': value }));
    const calls = answer.choices[0]?.message.tool_calls ?? [];
    expect(calls.map((call) => (call.type === 'function' ? call.function.name : ''))).toEqual(names);
  });

  it('call no tool by x-sim-tool: none', async () => {
    const asked = { ...chat, messages: [{ role: 'user' as const, content: 'weather' }], tools };
    expect((await openai.chat.completions.create(asked, script({ 'x-sim-tool': 'none' }))).choices[0]?.finish_reason).toBe('stop');
  });

  it('give log probabilities that spell the text', async () => {
    const answer = await openai.chat.completions.create({ ...chat, logprobs: true });
    const [choice] = answer.choices;
    expect(choice?.logprobs?.content?.map((entry) => entry.token).join('')).toBe(choice?.message.content);
  });

  it('name the code of a refusal', async () => {
    const answer = await post('/chat/completions', chat, { 'x-sim-status': '400', 'x-sim-error-code': 'context_length_exceeded' });
    expect(await answer.json()).toMatchObject({ error: { code: 'context_length_exceeded' } });
  });

  it('fail before the first event', async () => {
    const text = await (
      await post('/chat/completions', { ...chat, stream: true }, { 'x-sim-fault': 'error-event', 'x-sim-fault-after': '0' })
    ).text();
    expect(text.startsWith('data: {"error":')).toBe(true);
  });

  it('name what they cannot read', async () => {
    expect(await (await post('/responses', { model: 'sim', input: 'x' }, { 'x-sim-finish': 'soon' })).text()).toContain('x-sim-finish');
  });
});

describe('embeddings', () => {
  it('are the same numbers in base64', async () => {
    const [float, base64] = await Promise.all(
      (['float', 'base64'] as const).map(async (encoding_format) => {
        const answer = await post('/embeddings', { model: 'sim-embed', input: ['one two'], dimensions: 8, encoding_format });
        return ((await answer.json()) as { data: { embedding: number[] | string }[] }).data[0]?.embedding;
      }),
    );
    const bytes = Buffer.from(String(base64), 'base64');
    expect(Array.from({ length: 8 }, (_, index) => bytes.readFloatLE(index * 4))).toEqual(float);
  });

  it('answer to the older name of the model', async () => {
    expect((await openai.embeddings.create({ model: 'sim-embedding', input: 'x' })).data).toHaveLength(1);
  });
});
