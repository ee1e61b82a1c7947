import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage, type UsageMetadata } from '@langchain/core/messages';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { keys, startGateway, type Gateway } from './harness/gateway.ts';
import { formatModels, withFormatModels } from './harness/provider-formats.ts';
import { echo } from './harness/read-stream.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ configure: withFormatModels });
}, 120_000);
afterAll(() => gateway.stop());

const defaultHeaders = { 'cache-control': 'no-store' };

function chatOpenai(model: string, useResponsesApi: boolean): ChatOpenAI {
  const configuration = { baseURL: `${gateway.sluice.url}/v1`, defaultHeaders };
  return new ChatOpenAI({ model, apiKey: keys.red, configuration, maxRetries: 0, useResponsesApi });
}

function chatAnthropic(model: string): ChatAnthropic {
  const clientOptions = { defaultHeaders };
  return new ChatAnthropic({ model, apiKey: keys.red, anthropicApiUrl: gateway.sluice.url, clientOptions, maxRetries: 0, maxTokens: 300 });
}

const clients: [string, (model: string) => ChatOpenAI | ChatAnthropic][] = [
  ['ChatOpenAI', (model) => chatOpenai(model, false)],
  ['ChatOpenAI over responses', (model) => chatOpenai(model, true)],
  ['ChatAnthropic', chatAnthropic],
];
const cells = clients.flatMap(([name, make]) =>
  formatModels.map((model): [string, string, (name: string) => ChatOpenAI | ChatAnthropic] => [name, model, make]),
);

const weatherTool = {
  name: 'get_weather',
  description: 'The weather of a city',
  schema: z.object({ city: z.string() }),
};

describe.each(cells)('LangChain by %s to a model behind %s', (_, model, make) => {
  it('invoke', async () => {
    const answer = await make(model).invoke('Why do cats purr?');
    expect(answer.text).toBe(echo('Why do cats purr?'));
    const usage = answer.usage_metadata as UsageMetadata | undefined; // the type of this version has it as never there
    expect(usage?.output_tokens).toBe(Math.ceil(echo('Why do cats purr?').length / 4));
  });

  it('stream', async () => {
    let text = '';
    for await (const chunk of await make(model).stream('Why do dogs bark?')) text += chunk.text;
    expect(text).toBe(echo('Why do dogs bark?'));
  });

  it('bindTools, with the result of the tool', async () => {
    const bound = make(model).bindTools([weatherTool]);
    const question = new HumanMessage('use get_weather for Cork');
    const first = await bound.invoke([question]);
    expect(first.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'use get_weather for Cork' } }]);
    const result = new ToolMessage({ tool_call_id: first.tool_calls?.[0]?.id ?? '', content: 'drizzle' });
    expect((await bound.invoke([question, first, result])).text).toBe(echo('use get_weather for Cork'));
  });

  it('withStructuredOutput', async () => {
    const town = await make(model)
      .withStructuredOutput(z.object({ name: z.string(), river: z.string() }))
      .invoke('Ulm on the Danube');
    expect(town).toMatchObject({ name: expect.any(String) as unknown, river: expect.any(String) as unknown });
  });
});

it('OpenAIEmbeddings', async () => {
  const embeddings = new OpenAIEmbeddings({ model: 'sim-embed', apiKey: keys.red, configuration: { baseURL: `${gateway.sluice.url}/v1` } });
  const vectors = await embeddings.embedDocuments(['a mill', 'a lake']);
  expect(vectors).toHaveLength(2);
  expect(vectors[0]).not.toEqual(vectors[1]);
});
