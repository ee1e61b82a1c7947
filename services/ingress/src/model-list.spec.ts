import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { openEdge } from './edge-harness.ts';

const edge = await openEdge();

const oneModel = { authorization: 'Bearer sk-sluice-one-model' };
const asAnthropic = { 'anthropic-version': '2023-06-01' };
const idsOf = async (answer: Response): Promise<string[]> =>
  ((await answer.json()) as { data: { id: string }[] }).data.map((model) => model.id);

const facts = {
  context_window: 32_000,
  pricing: { input_per_million: 0.25, output_per_million: 2, cached_input_per_million: 0.25, cache_write_per_million: 0.25 },
  providers: ['sim'],
};

describe('the list of models', () => {
  it('names each model and its aliases, but no hidden one', async () => {
    expect(await idsOf(await edge.get('/v1/models'))).toEqual(['chat', 'other', 'vendor/big', 'big', 'vendor/newest']);
  });

  it('tells what is known of a model: the least window of its targets, and the first price', async () => {
    const { data } = (await (await edge.get('/v1/models')).json()) as { data: unknown[] };
    expect(data[2]).toEqual({ id: 'vendor/big', object: 'model', created: 0, owned_by: 'sluice', ...facts });
    expect(data[3]).toEqual({ id: 'big', object: 'model', created: 0, owned_by: 'sluice', alias_of: 'vendor/big', ...facts });
    expect(data[0]).toEqual({ id: 'chat', object: 'model', created: 0, owned_by: 'sluice', providers: ['sim'] });
  });

  it('holds only what the key may use', async () => {
    expect(await idsOf(await edge.get('/v1/models', oneModel))).toEqual(['chat']);
    expect(await idsOf(await edge.get('/v1/models', { authorization: 'Bearer sk-sluice-alias' }))).toEqual([
      'vendor/big',
      'big',
      'vendor/newest',
    ]);
  });

  it('reads in the official client of OpenAI', async () => {
    const client = new OpenAI({ apiKey: 'sk-sluice-test', baseURL: `${edge.url}/v1`, maxRetries: 0 });
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toHaveLength(5);
    expect((await client.models.retrieve('vendor/big')).id).toBe('vendor/big');
  });

  it('reads in the official client of Anthropic, page by page', async () => {
    const client = new Anthropic({ apiKey: 'sk-sluice-test', baseURL: edge.url, maxRetries: 0 });
    const ids = [];
    for await (const model of client.models.list({ limit: 2 })) ids.push(model.id);
    expect(ids).toEqual(['chat', 'other', 'vendor/big', 'big', 'vendor/newest']);
    expect(await client.models.retrieve('vendor/newest')).toMatchObject({
      type: 'model',
      max_input_tokens: 32_000,
      alias_of: 'vendor/big',
    });
  });

  it('goes backwards, and tells where it ends', async () => {
    const page = await edge.get('/v1/models?limit=2&before_id=vendor%2Fbig', asAnthropic);
    expect(await page.json()).toMatchObject({
      has_more: false,
      first_id: 'chat',
      last_id: 'other',
      data: [{ id: 'chat' }, { id: 'other' }],
    });
    expect(await (await edge.get('/v1/models?limit=1', asAnthropic)).json()).toMatchObject({ has_more: true, last_id: 'chat' });
  });
});

describe('one model', () => {
  it.each(['vendor/big', 'vendor%2Fbig'])('is found by a name with a slash: %s', async (name) => {
    expect(await (await edge.get(`/v1/models/${name}`)).json()).toMatchObject({ id: 'vendor/big', context_window: 32_000 });
  });

  it('is found where it is hidden', async () => {
    expect(await (await edge.get('/v1/models/hidden')).json()).toMatchObject({ id: 'hidden' });
  });

  it('is refused where the key may not use it', async () => {
    const refused = await edge.get('/v1/models/other', oneModel);
    expect([refused.status, await refused.json()]).toMatchObject([403, { error: { code: 'model_not_allowed' } }]);
  });

  it('is not found in the words of the caller', async () => {
    const openai = await edge.get('/v1/models/none');
    expect([openai.status, await openai.json()]).toMatchObject([404, { error: { code: 'model_not_found' } }]);
    const anthropic = await edge.get('/v1/models/none', asAnthropic);
    expect([anthropic.status, await anthropic.json()]).toMatchObject([404, { type: 'error', error: { type: 'not_found_error' } }]);
    expect(anthropic.headers.get('request-id')).toMatch(/^req_/);
  });
});
