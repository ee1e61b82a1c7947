import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { embedMany, generateText, isStepCount, Output, streamText, tool, type LanguageModel } from 'ai';
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

/** The client knows no model of these names, and would warn that it took a limit of its own. */
const limits = { maxRetries: 0, maxOutputTokens: 300 };
const headers = { 'cache-control': 'no-store' };
const openai = () => createOpenAI({ baseURL: `${gateway.sluice.url}/v1`, apiKey: keys.red, headers });
const anthropic = () => createAnthropic({ baseURL: `${gateway.sluice.url}/v1`, apiKey: keys.red, headers });

const clients: [string, (model: string) => LanguageModel][] = [
  ['OpenAI chat', (model) => openai().chat(model)],
  ['OpenAI responses', (model) => openai().responses(model)],
  ['Anthropic messages', (model) => anthropic()(model)],
];
const cells = clients.flatMap(([name, make]) =>
  formatModels.map((model): [string, string, (name: string) => LanguageModel] => [name, model, make]),
);

describe.each(cells)('the AI SDK by %s to a model behind %s', (_, model, make) => {
  it('generateText', async () => {
    const { text, finishReason, usage } = await generateText({ model: make(model), prompt: 'Why do leaves fall?', ...limits });
    expect(text).toBe(echo('Why do leaves fall?'));
    expect(finishReason).toBe('stop');
    expect(usage.outputTokens).toBe(Math.ceil(echo('Why do leaves fall?').length / 4));
  });

  it('streamText', async () => {
    const result = streamText({ model: make(model), prompt: 'Why do birds sing?', ...limits });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces.join('')).toBe(echo('Why do birds sing?'));
    expect(pieces.length).toBeGreaterThan(3);
    expect(await result.finishReason).toBe('stop');
    expect((await result.usage).outputTokens).toBe(Math.ceil(echo('Why do birds sing?').length / 4));
  });

  it('an object of a schema', async () => {
    const { output } = await generateText({
      model: make(model),
      prompt: 'Ulm on the Danube',
      output: Output.object({ schema: z.object({ name: z.string(), river: z.string() }) }),
      ...limits,
    });
    expect(output).toMatchObject({ name: expect.any(String) as unknown, river: expect.any(String) as unknown });
  });

  it.each([false, true])('tools, with their results (streamed: %s)', async (streamed) => {
    const asked: string[] = [];
    const options = {
      model: make(model),
      prompt: 'use get_weather for Riga',
      tools: {
        get_weather: tool({
          description: 'The weather of a city',
          inputSchema: z.object({ city: z.string() }),
          execute: ({ city }) => {
            asked.push(city);
            return 'hail';
          },
        }),
      },
      stopWhen: isStepCount(3),
      ...limits,
    };
    const text = streamed ? await streamText(options).text : (await generateText(options)).text;
    expect(asked).toEqual(['use get_weather for Riga']);
    expect(text).toBe(echo('use get_weather for Riga'));
  });
});

it('embedMany', async () => {
  const { embeddings } = await embedMany({ model: openai().embedding('sim-embed'), values: ['a mill', 'a lake'], maxRetries: 0 });
  expect(embeddings).toHaveLength(2);
  expect(embeddings[0]).not.toEqual(embeddings[1]);
});
