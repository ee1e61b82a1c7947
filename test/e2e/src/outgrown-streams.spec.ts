import Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startGateway, type Gateway } from './harness/gateway.ts';
import { formatModels, withFormatModels } from './harness/provider-formats.ts';
import { ask } from './harness/read-stream.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ configure: withFormatModels });
}, 120_000);
afterAll(() => gateway.stop());

/** Far below what a stream of {@link longAnswer} uses, and above the 512 tokens that a new key's stream is expected to. */
const budget = 1_200;
const longAnswer = { 'x-sim-output-tokens': '6000', 'x-sim-chunk-delay-ms': '1', 'cache-control': 'no-store' };
const atOnce = { ...longAnswer, 'x-sim-chunk-delay-ms': '0' };

function keyWith(name: string, tokens: number): Promise<{ key: string; keyId: string }> {
  return gateway.admin.createKey({ name, budgets: [{ tokens, window: 'month' }] });
}

/** What the ledger has of a key, once all its requests have a row. */
async function spentBy(keyId: string, requests: number): Promise<{ tokens: number; estimated: boolean; outcomes: string[] }> {
  const rows = await vi.waitFor(
    async () => {
      const found = await gateway.admin.ledger({ keyId, limit: '500' });
      expect(found).toHaveLength(requests);
      return found;
    },
    { timeout: 30_000, interval: 200 },
  );
  return {
    tokens: rows.reduce((sum, { usage }) => sum + usage.input + usage.output, 0),
    estimated: rows.some(({ usage }) => usage.estimated === true),
    outcomes: rows.map(({ outcome }) => outcome),
  };
}

describe.each(formatModels)('a stream of %s that outgrows a budget', (model) => {
  it('ends with `length` in chat, and the ledger stays within the budget', async () => {
    const { key, keyId } = await keyWith(`chat-of-${model}`, budget);
    const stream = gateway.client({ key, headers: longAnswer }).chat.completions.stream({
      ...ask('Write a book.', model),
      stream_options: { include_usage: true },
    });
    const { choices, usage } = await stream.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('length');
    expect(choices[0]?.message.content).toMatch(/^The simulated model sim was asked: Write a book\.( sim)+/);
    const spent = await spentBy(keyId, 1);
    expect(spent).toMatchObject({ estimated: true, outcomes: ['completed'] });
    expect(spent.tokens).toBeLessThanOrEqual(budget);
    // Input is held by its bytes where there is room for them, and the least that is asked for is a sentence.
    expect(spent.tokens).toBeGreaterThan(budget * 0.8);
    expect((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0)).toBe(spent.tokens);
  });

  it('ends as incomplete in responses', async () => {
    const { key, keyId } = await keyWith(`responses-of-${model}`, budget);
    const client = gateway.client({ key, headers: longAnswer });
    const response = await client.responses.stream({ model, input: 'Write a book.' }).finalResponse();
    expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(response.output_text).toMatch(/( sim)+/);
    const spent = await spentBy(keyId, 1);
    expect(spent.tokens).toBeLessThanOrEqual(budget);
    expect(response.usage?.total_tokens).toBe(spent.tokens);
  });

  it('ends with `max_tokens` in messages', async () => {
    const { key, keyId } = await keyWith(`messages-of-${model}`, 4_000);
    const client = new Anthropic({ apiKey: key, baseURL: gateway.sluice.url, maxRetries: 0 });
    const question = { model, max_tokens: 6_000, messages: [{ role: 'user' as const, content: 'Write a book.' }] };
    // A maximum is held whole until it is known what the key usually gets.
    const short = { headers: { 'x-sim-output-tokens': '10', 'cache-control': 'no-store' } };
    const warmUps = 21;
    for (let request = 0; request < warmUps; request++) {
      await client.messages.stream({ ...question, max_tokens: 20 }, short).finalMessage();
    }
    const message = await client.messages.stream(question, { headers: longAnswer }).finalMessage();
    expect(message.stop_reason).toBe('max_tokens');
    expect(message.content).toMatchObject([{ type: 'text' }]);
    const spent = await spentBy(keyId, warmUps + 1);
    expect(spent.tokens).toBeLessThanOrEqual(4_000);
    expect(spent.tokens).toBeGreaterThan(4_000 * 0.9);
  });
});

describe('a stream with room in its budget', () => {
  it('goes on to its end, and is booked as its provider counted', async () => {
    const { key, keyId } = await keyWith('room', 100_000);
    const stream = gateway.client({ key, headers: atOnce }).chat.completions.stream(ask('Write a book.'));
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('stop');
    const spent = await spentBy(keyId, 1);
    expect(spent.estimated).toBe(false);
    expect(spent.tokens).toBeGreaterThan(6_000);
  });
});

describe('what a stream held beyond its use', () => {
  it('is given back with its settlement: the rest of the budget can be used', async () => {
    const { key, keyId } = await keyWith('returned', 3_000);
    const client = gateway.client({ key, headers: { ...atOnce, 'x-sim-output-tokens': '900' } });
    const [first, second] = [await finish(client), await finish(client)];
    expect([first, second]).toEqual(['stop', 'stop']);
    await spentBy(keyId, 2);
    expect(await finish(client)).toMatch(/^(stop|length)$/);
    const spent = await spentBy(keyId, 3);
    expect(spent.tokens).toBeGreaterThan(2_700);
    expect(spent.tokens).toBeLessThanOrEqual(3_000);
  });
});

describe('a stream that metering does not answer', () => {
  it('ends at what it holds, and the key goes on when metering is back', async () => {
    const { key, keyId } = await keyWith('silent', 100_000);
    const client = gateway.client({ key, headers: longAnswer });
    const stream = client.chat.completions.stream(ask('Write a book.'));
    stream.once('content', () => gateway.sluice.kill('metering', 'SIGSTOP'));
    const { choices } = await stream.finalChatCompletion().finally(() => gateway.sluice.kill('metering', 'SIGCONT'));
    expect(choices[0]?.finish_reason).toBe('length');
    const spent = await spentBy(keyId, 1);
    expect(spent).toMatchObject({ estimated: true, outcomes: ['completed'] });
    // What a new key's stream is expected to use, and the question.
    expect(spent.tokens).toBeLessThan(600);
    expect(await finish(gateway.client({ key, headers: { ...atOnce, 'x-sim-output-tokens': '900' }, maxRetries: 5 }))).toBe('stop');
  });
});

async function finish(client: OpenAI): Promise<string | undefined> {
  const { choices } = await client.chat.completions.stream(ask('Write a chapter.')).finalChatCompletion();
  return choices[0]?.finish_reason;
}
