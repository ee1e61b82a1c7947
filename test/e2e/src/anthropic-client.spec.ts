import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { keys, startGateway, type Gateway } from './harness/gateway.ts';
import { formatModels, withFormatModels } from './harness/provider-formats.ts';
import { echo } from './harness/read-stream.ts';

let gateway: Gateway;
let client: Anthropic;

beforeAll(async () => {
  gateway = await startGateway({ configure: withFormatModels });
  client = new Anthropic({
    apiKey: keys.red,
    baseURL: gateway.sluice.url,
    maxRetries: 0,
    defaultHeaders: { 'cache-control': 'no-store' },
  });
}, 120_000);
afterAll(() => gateway.stop());

function question(content: string, model: string) {
  return { model, max_tokens: 300, messages: [{ role: 'user' as const, content }] };
}

const weatherTool: Anthropic.Tool = {
  name: 'get_weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

/** Reached in this client's own format: a thread is the provider's to hold, and passes. */
const forgetful: readonly string[] = ['any-format', 'messages-only'];

function weatherRunner(asked: string[]) {
  return betaZodTool({
    name: 'get_weather',
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    run: ({ city }) => {
      asked.push(city);
      return 'wind';
    },
  });
}

describe.each(formatModels)('a model behind %s', (model) => {
  it('answers', async () => {
    const message = await client.messages.create({ ...question('Why is the sky blue?', model), system: 'Be brief.' });
    expect(message).toMatchObject({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: echo('Why is the sky blue?') }],
      stop_reason: 'end_turn',
      usage: { output_tokens: Math.ceil(echo('Why is the sky blue?').length / 4) },
    });
  });

  it('streams to the helper that puts it together', async () => {
    const seen: string[] = [];
    const stream = client.messages.stream(question('Why is ice cold?', model)).on('text', (text) => seen.push(text));
    const message = await stream.finalMessage();
    expect(seen.join('')).toBe(echo('Why is ice cold?'));
    expect(seen.length).toBeGreaterThan(3);
    expect(message.content).toMatchObject([{ type: 'text', text: echo('Why is ice cold?') }]);
    expect(message.usage.input_tokens).toBeGreaterThan(0);
    expect(message.usage.output_tokens).toBe(Math.ceil(echo('Why is ice cold?').length / 4));
  });

  it.each([false, true])('asks for a tool and takes its result (streamed: %s)', async (streamed) => {
    const body = { ...question('use get_weather for Lund', model), tools: [weatherTool] };
    const first = streamed ? await client.messages.stream(body).finalMessage() : await client.messages.create(body);
    expect(first.stop_reason).toBe('tool_use');
    const use = first.content.find((block) => block.type === 'tool_use');
    expect(use).toMatchObject({ name: 'get_weather', input: { city: 'use get_weather for Lund' } });
    const second = await client.messages.create({
      ...body,
      messages: [
        ...body.messages,
        { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: use?.id ?? '', content: 'fog' }] },
      ],
    });
    expect(second.content).toMatchObject([{ type: 'text', text: echo('use get_weather for Lund') }]);
  });

  it('lets the tool runner go round', async () => {
    const asked: string[] = [];
    const runner = client.beta.messages.toolRunner({
      ...question('use get_weather for Kiel', model),
      tools: [weatherRunner(asked)],
      // The simulated provider holds no conversations.
      ...(forgetful.includes(model) ? { thread: false as const } : {}),
    });
    const message = await runner;
    expect(asked).toEqual(['use get_weather for Kiel']);
    expect(message.content).toMatchObject([{ type: 'text', text: echo('use get_weather for Kiel') }]);
  });

  it('thinks before it speaks', async () => {
    const message = await client.messages.create(question('Think hard', model), { headers: { 'x-sim-reasoning': '20' } });
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
  });

  it('counts tokens before it is asked', async () => {
    const { messages } = question('How many tokens are these?', model);
    expect((await client.messages.countTokens({ model, messages })).input_tokens).toBeGreaterThan(0);
  });
});

it('lists models in the form that this client reads', async () => {
  const ids: string[] = [];
  for await (const { id, type } of client.models.list()) {
    expect(type).toBe('model');
    ids.push(id);
  }
  expect(ids).toEqual(expect.arrayContaining([...formatModels]));
});

it('throws the classes of this client', async () => {
  await expect(client.messages.create(question('Anybody?', 'no-such-model'))).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  const stranger = new Anthropic({ apiKey: 'sk-sluice-nobody-has-this-one', baseURL: gateway.sluice.url, maxRetries: 0 });
  await expect(stranger.messages.create(question('Hello', 'sim'))).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
});
