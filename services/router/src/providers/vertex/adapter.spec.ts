import { type ProviderConfig, providerSchema } from '@sluice/contracts';
import { rewriteBody } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { vertex } from './adapter.ts';

function config(fields: Record<string, unknown>): ProviderConfig {
  return providerSchema.parse({ name: 'v', type: 'vertex', ...fields });
}

const inProject = config({ gcp: { project: 'p-1', location: 'europe-west4' } });
const paths = (model: string, settings = inProject): string[] =>
  vertex.wires(settings, model).flatMap((wire) => [wire.path(model, false), wire.path(model, true)]);

describe('the address of Vertex', () => {
  it.each([
    ['global', 'https://aiplatform.googleapis.com/v1'],
    ['europe-west4', 'https://europe-west4-aiplatform.googleapis.com/v1'],
    ['us', 'https://aiplatform.us.rep.googleapis.com/v1'],
  ])('in %s is %s', (location, address) => {
    expect(vertex.baseUrl(config({ gcp: { project: 'p', location } }))).toBe(address);
  });

  it('may be the operator’s own, with or without the version', () => {
    for (const baseUrl of ['https://proxy.test/g', 'https://proxy.test/g/', 'https://proxy.test/g/v1beta1']) {
      expect(vertex.baseUrl(config({ baseUrl }))).toMatch(/^https:\/\/proxy\.test\/g\/v1(beta1)?$/);
    }
  });

  it('never takes a place for a host', () => {
    expect(() => vertex.baseUrl(config({ gcp: { project: 'p', location: 'evil.test/' } }))).toThrow('gcp.location');
  });
});

describe('the paths of Vertex', () => {
  const place = '/projects/p-1/locations/europe-west4';

  it('lead to Gemini', () => {
    const model = `${place}/publishers/google/models/gemini-2.5-pro`;
    for (const name of ['gemini-2.5-pro', 'google/gemini-2.5-pro', 'publishers/google/models/gemini-2.5-pro', 'models/gemini-2.5-pro']) {
      expect(paths(name).slice(0, 2)).toEqual([`${model}:generateContent`, `${model}:streamGenerateContent?alt=sse`]);
    }
  });

  it('need no project with a key alone', () => {
    expect(paths('gemini-2.5-pro', config({ apiKey: 'k' }))[0]).toBe('/publishers/google/models/gemini-2.5-pro:generateContent');
  });

  it('lead to Claude in its own format', () => {
    const anthropic = `${place}/publishers/anthropic/models`;
    expect(paths('claude-sonnet-4@20250514')).toEqual([
      `${anthropic}/claude-sonnet-4@20250514:rawPredict`,
      `${anthropic}/claude-sonnet-4@20250514:streamRawPredict`,
      `${anthropic}/count-tokens:rawPredict`,
      `${anthropic}/count-tokens:rawPredict`,
    ]);
    expect(vertex.wires(inProject, 'claude-sonnet-4').map((wire) => wire.format)).toEqual(['anthropic-messages', 'anthropic-count-tokens']);
  });

  it('bring Claude a body without the model, cache marks and all', () => {
    const [messages, count] = vertex.wires(inProject, 'anthropic/claude-sonnet-4');
    const system = [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }];
    const sent = { anthropic_version: 'vertex-2023-10-16', system };
    expect(messages?.adapt?.({ model: 'x', system })).toEqual(sent);
    const bytes = Buffer.from(JSON.stringify({ model: 'x', system }));
    expect(JSON.parse(Buffer.from(messages?.adaptBytes?.(bytes) ?? '').toString())).toEqual(sent);
    expect(JSON.parse(Buffer.from(count?.adaptBytes?.(bytes) ?? '').toString())).toEqual({ model: 'claude-sonnet-4', system });
  });

  it('lead to open models in the format of OpenAI', () => {
    expect(paths('meta/llama-4')[0]).toBe(`${place}/endpoints/openapi/chat/completions`);
    expect(vertex.wires(inProject, 'meta/llama-4')[0]).toMatchObject({ format: 'openai-chat' });
  });

  it('name an open model by its publisher in the body', () => {
    const [wire] = vertex.wires(inProject, 'publishers/meta/models/llama-4');
    const bytes = rewriteBody(Buffer.from('{"messages":[]}'), { model: 'publishers/meta/models/llama-4' });
    expect(JSON.parse(Buffer.from(wire?.adaptBytes?.(bytes) ?? '').toString())).toEqual({ model: 'meta/llama-4', messages: [] });
    expect(wire?.adapt?.({ model: 'x', n: 1 })).toEqual({ model: 'meta/llama-4', n: 1 });
  });

  it('lead to endpoints of one’s own', () => {
    expect(paths('endpoints/123')[0]).toBe(`${place}/endpoints/123:generateContent`);
    expect(paths('projects/9/locations/us-east1/endpoints/123')[0]).toBe('/projects/9/locations/us-east1/endpoints/123:generateContent');
  });

  it.each([
    '../x',
    'a/../../b',
    'endpoints/../../x',
    'projects/9/locations/../endpoints/1',
    'claude/../x',
    'x?y#z',
    'publishers/../models/x',
  ])('stay below the place for the name %s', (name) => {
    for (const path of paths(name)) {
      const { pathname } = new URL(`https://host.test/v1${path}`);
      expect(pathname.startsWith(`/v1${place}/`)).toBe(true);
    }
  });

  it('lead to embeddings by the way that the model knows', () => {
    expect(paths('text-embedding-005')[2]).toMatch(/text-embedding-005:predict$/);
    expect(paths('gemini-embedding-001')[2]).toMatch(/:predict$/);
    expect(paths('gemini-embedding-2')[2]).toMatch(/:embedContent$/);
  });
});

describe('the credentials of Vertex', () => {
  it('are asked for where there are none', () => {
    expect(() => vertex.authorizer(undefined, config({}))).toThrow('gcp.project');
  });

  it('may be a key', () => {
    expect(vertex.authorizer('k', inProject)({ origin: '', path: '', body: Buffer.alloc(0), now: 0 })).toEqual(['x-goog-api-key', 'k']);
  });

  it('are refused where they cannot be read, and not repeated', () => {
    for (const serviceAccount of [
      's3cret',
      '[]',
      '{"type":"service_account","private_key":"s3cret","client_email":"a@b"}',
      '{"private_key":"s3cret"}',
    ]) {
      const settings = config({ gcp: { project: 'p', serviceAccount } });
      expect(() => vertex.authorizer(undefined, settings)).toThrow(
        expect.objectContaining({ message: expect.stringMatching(/^(?!.*s3cret).*gcp\.serviceAccount/) as string }),
      );
    }
  });

  it('name the project themselves where it is not set', () => {
    const serviceAccount = JSON.stringify({ type: 'service_account', project_id: 'from-key' });
    expect(paths('gemini-2.5-pro', config({ gcp: { serviceAccount } }))[0]).toMatch(/^\/projects\/from-key\/locations\/global\//);
  });
});
