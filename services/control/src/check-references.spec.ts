import { configurationSchema } from '@sluice/contracts';
import { describe, expect, it } from 'vitest';
import { checkReferences } from './check-references.ts';
import type { Environment } from './environment.ts';

type Written = Readonly<Record<string, unknown>>;

function problemsOf(written: Written, environment: Environment = {}): string[] {
  const problems = checkReferences(configurationSchema.parse({ version: 1, ...written }), environment);
  return problems.map(({ severity, path, message }) => `${severity} ${path.join('.')}: ${message}`);
}

const provider = (more: Written): Written => ({ providers: [{ name: 'p', ...more }] });
const target = { provider: 'p', model: 'm' };
const model = (more: Written): Written => ({
  ...provider({ type: 'ollama' }),
  models: [{ name: 'm', targets: [target], ...more }],
});
const secret = 'sk-very-secret-1234567890';

describe('a provider', () => {
  it.each<[string, Written, RegExp]>([
    [
      'Azure without an address',
      { type: 'azure-openai', apiKey: 'none' },
      /^error providers\.0\.baseUrl: .*my-resource\.openai\.azure\.com/,
    ],
    ['a bridge without a package', { type: 'ai-sdk' }, /^error providers\.0\.aiSdk: is missing/],
    ['Vertex without a project', { type: 'vertex' }, /^error providers\.0\.gcp: is missing; give gcp: \{ project/],
    ['Bedrock without a region', { type: 'amazon-bedrock' }, /^warning providers\.0\.aws\.region: .*AWS_REGION/],
    ['a vendor without a key', { type: 'anthropic' }, /^warning providers\.0\.apiKey: is missing; .*\$\{P_API_KEY\}/],
    [
      'both kinds of key',
      { type: 'groq', apiKey: 'none', apiKeys: [{ key: 'other' }] },
      /^error providers\.0\.apiKeys: stands beside apiKey/,
    ],
    [
      'a key among several',
      { type: 'groq', apiKeys: [{ key: '${A}' }, { key: secret }] },
      /^error providers\.0\.apiKeys\.1\.key: .*\$\{P_API_KEY_2\}/,
    ],
    [
      'a variable that is not set',
      { type: 'groq', apiKeys: [{ key: '${A}' }] },
      /^warning providers\.0\.apiKeys\.0\.key: .*variable A is not set here/,
    ],
    [
      'an AWS key',
      { type: 'amazon-bedrock', aws: { accessKeyId: secret, secretAccessKey: '${S}' } },
      /^error providers\.0\.aws\.accessKeyId: looks like/,
    ],
    ['half an AWS key', { type: 'amazon-bedrock', aws: { accessKeyId: '${A}' } }, /^error providers\.0\.aws: has half of a key/],
    [
      'a key file',
      { type: 'vertex', gcp: { serviceAccount: '{"private_key":"-----BEGIN PRIVATE KEY-----"}' } },
      /^error providers\.0\.gcp\.serviceAccount: looks like/,
    ],
    [
      'a credential in a header',
      { type: 'ollama', headers: { Authorization: `Bearer ${secret}` } },
      /^error providers\.0\.headers\.Authorization: looks like/,
    ],
    [
      'a credential in an option of a package',
      { type: 'ai-sdk', aiSdk: { package: 'x', options: { nested: { apiKey: secret } } } },
      /^error providers\.0\.aiSdk\.options\.nested\.apiKey: looks like/,
    ],
    [
      'a field of another type',
      { type: 'ollama', aws: { region: 'eu-west-1' } },
      /^warning providers\.0\.aws: has no effect on a provider of type ollama/,
    ],
    ['interfaces that are known', { type: 'google', apiKey: 'none', apis: ['chat'] }, /^warning providers\.0\.apis: has no effect/],
  ])('%s is told of, and its secrets are not', (_name, written, expected) => {
    const problems = problemsOf(provider(written));
    expect(problems).toContainEqual(expect.stringMatching(expected));
    expect(problems.join()).not.toContain(secret);
  });

  it.each<[string, Written]>([
    ['a preset', { type: 'groq', apiKey: '${KEY}' }],
    ['several keys', { type: 'openai', apiKeys: [{ key: '${KEY}', weight: 2 }, { key: '${KEY}' }] }],
    ['a local server', { type: 'vllm' }],
    ['Bedrock', { type: 'amazon-bedrock', aws: { region: 'eu-west-1' } }],
    ['Vertex', { type: 'vertex', gcp: { project: 'my-project', serviceAccount: '${KEY}' } }],
    ['Vertex in express mode', { type: 'vertex', apiKey: '${KEY}' }],
    ['Azure', { type: 'azure-openai', baseUrl: '${ADDRESS}', apiKey: '${KEY}', azure: { apiVersion: '2024-10-21' } }],
    ['a bridge', { type: 'ai-sdk', aiSdk: { package: '@ai-sdk/mistral', options: { apiKey: '${KEY}' } } }],
    ['ordinary headers', { type: 'ollama', headers: { 'x-long-header-of-the-operator': 'a-value-of-more-than-thirty-two-letters' } }],
  ])('%s is in order', (_name, written) => {
    expect(problemsOf(provider(written), { KEY: 'set', ADDRESS: 'https://a.openai.azure.com' })).toEqual([]);
  });
});

describe('a model', () => {
  it.each<[string, Written, RegExp]>([
    ['a canary without a share', { strategy: 'canary' }, /^error models\.0\.strategy: canary needs a percent/],
    [
      'shares over a hundred',
      {
        strategy: 'canary',
        targets: [
          { ...target, percent: 60 },
          { ...target, percent: 50 },
        ],
      },
      /^error models\.0\.targets: the percents add up to 110/,
    ],
    [
      'a share without a canary',
      { targets: [{ ...target, percent: 5 }] },
      /^warning models\.0\.strategy: priority does not look at percent/,
    ],
    ['meaning without examples', { strategy: 'semantic' }, /^error models\.0\.strategy: semantic needs examples/],
    [
      'examples without meaning',
      { targets: [{ ...target, examples: ['x'] }] },
      /^warning models\.0\.strategy: priority does not look at examples/,
    ],
    [
      'conditions on all targets',
      { targets: [{ ...target, when: { stream: true } }] },
      /^warning models\.0\.targets: every target has a condition/,
    ],
    ['a hedge with one target', { hedge: {} }, /^warning models\.0\.hedge: has no effect/],
  ])('%s is told of', (_name, written, expected) => {
    expect(problemsOf(model(written))).toContainEqual(expect.stringMatching(expected));
  });

  it.each<[string, Written]>([
    ['a canary with a rest', { strategy: 'canary', targets: [{ ...target, percent: 5 }, target] }],
    [
      'shares of a hundred',
      {
        strategy: 'canary',
        targets: [
          { ...target, percent: 5 },
          { ...target, percent: 95 },
        ],
      },
    ],
    ['examples', { strategy: 'semantic', targets: [{ ...target, examples: ['x'] }, target] }],
    ['a condition with a rest', { targets: [{ ...target, when: { stream: true } }, target] }],
  ])('%s is in order', (_name, written) => {
    expect(problemsOf(model(written))).toEqual([]);
  });
});

describe('the models of a key', () => {
  const keyed = (name: string): Written => ({
    ...model({ aliases: ['other-name'] }),
    policies: [{ name: 'default' }],
    organizations: [{ name: 'o', teams: [{ name: 't', keys: [{ name: 'k', key: '${KEY}', models: [name] }] }] }],
  });

  it('may be named by an alias', () => {
    expect(problemsOf(keyed('other-name'), { KEY: 'sk-sluice-0123456789' })).toEqual([]);
  });

  it('are suggested by their aliases', () => {
    expect(problemsOf(keyed('othername'), { KEY: 'sk-sluice-0123456789' })).toEqual([
      'warning organizations.0.teams.0.keys.0.models.0: "othername" is not a model here; did you mean "other-name"?',
    ]);
  });
});
