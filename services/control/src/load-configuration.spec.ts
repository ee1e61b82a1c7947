import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Environment } from './environment.ts';
import type { CompleteOptions } from './complete-configuration.ts';
import type { FoundProviders } from './discover-providers.ts';
import { loadConfiguration } from './load-configuration.ts';
import { formatProblem } from './problem.ts';

const nothing: FoundProviders = { providers: [], modelsOf: new Map() };

function options(environment: Environment = {}, found: FoundProviders = nothing): CompleteOptions {
  return { found, environment, catalog: { modelsOf: (provider) => (provider.name === 'openai' ? ['gpt-4o', 'gpt-4o-mini'] : []) } };
}

function faultsOf(text: string, environment: Environment = {}): string[] {
  const result = loadConfiguration(text, options(environment));
  return (result.ok ? result.warnings : result.problems).map((problem) => formatProblem(problem, 'sluice.yaml'));
}

const provider = 'providers: [{ name: mock, type: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" }]';

describe('faults of a file', () => {
  const cases: readonly (readonly [name: string, text: string, fault: RegExp])[] = [
    ['broken YAML', 'version: 1\nproviders: [', /^sluice\.yaml:2:\d+: is not valid YAML/],
    ['a tab as indentation', 'version: 1\nmodels:\n\t- name: x', /^sluice\.yaml:3:\d+: is not valid YAML/],
    ['a field twice', 'version: 1\nversion: 1', /^sluice\.yaml:2:1: is not valid YAML: Map keys must be unique/],
    ['a list at the top', '- version: 1', /^sluice\.yaml:1:1: must be a map of fields/],
    ['no version', 'models: []', /^sluice\.yaml:1:1: version: write version: 1/],
    ['a wrong version', 'version: 2', /^sluice\.yaml:1:10: version: write version: 1/],
    ['an unknown field', 'version: 1\nmodel: []', /^sluice\.yaml:2:\d+: model: is not a field here; did you mean "models"\?/],
    ['a wrong kind', 'version: 1\nmodels: {}', /^sluice\.yaml:2:9: models: must be a list .*, not a map/],
    [
      'an unknown strategy',
      `version: 1\n${provider}\nmodels:\n  - { name: m, strategy: prioritty, targets: [{ provider: mock, model: m }] }`,
      /^sluice\.yaml:4:\d+: models\.0\.strategy: must be one of .*did you mean "priority"\?/,
    ],
    ['a bad duration', 'version: 1\npolicies: [{ name: p, timeout: 5min }]', /policies\.0\.timeout: write a whole number and a unit/],
    [
      'a bad address',
      'version: 1\nproviders: [{ name: p, type: openai, baseUrl: "localhost:80" }]',
      /providers\.0\.baseUrl: write a full http/,
    ],
    ['no address', 'version: 1\nproviders: [{ name: p, type: openai-compatible }]', /providers\.0\.baseUrl: is missing/],
    [
      'a password in an address',
      'version: 1\nproviders: [{ name: p, type: openai, baseUrl: "https://u:p@host/v1" }]',
      /providers\.0\.baseUrl: must not hold a user or password/,
    ],
    [
      'an address variable that is not set',
      'version: 1\nproviders: [{ name: p, type: openai, baseUrl: "${NOWHERE}" }]',
      /baseUrl: the environment variable NOWHERE is not set/,
    ],
    [
      'a literal provider key',
      'version: 1\nproviders: [{ name: my-ai, type: openai, apiKey: sk-abc }]',
      /providers\.0\.apiKey: looks like a real key.*\$\{MY_AI_API_KEY\}/,
    ],
    [
      'text around a reference',
      'version: 1\nproviders: [{ name: p, type: openai, apiKey: "Bearer ${KEY}" }]',
      /apiKey: must be \$\{NAME\}/,
    ],
    ['a name twice', 'version: 1\npolicies: [{ name: p }, { name: p }]', /policies\.1\.name: "p" stands twice/],
    [
      'an unknown provider',
      `version: 1\n${provider}\nmodels:\n  - name: m\n    targets:\n      - { provider: mok, model: m }`,
      /^sluice\.yaml:6:\d+: models\.0\.targets\.0\.provider: "mok" is not a provider; did you mean "mock"\?/,
    ],
    [
      'a pipeline without an end',
      'version: 1\npolicies: [{ name: p, pipeline: [router, cache] }]',
      /pipeline\.1: "cache" does not answer requests/,
    ],
    [
      'a stage after the router',
      'version: 1\npolicies: [{ name: p, pipeline: [router, cache] }]',
      /pipeline\.0: "router" ends the request/,
    ],
    ['a stage twice', 'version: 1\npolicies: [{ name: p, pipeline: [cache, cache, router] }]', /pipeline\.1: "cache" stands twice/],
    [
      'an unknown detector',
      'version: 1\npolicies: [{ name: p, guardrail: { detectors: { secret: flag } } }]',
      /detectors\.secret: .*did you mean "secrets"\?/,
    ],
    [
      'an unknown entity',
      'version: 1\npolicies: [{ name: p, masking: { entities: { IBAN: mask } } }]',
      /entities\.IBAN: "IBAN" is not an entity type/,
    ],
    [
      'a lower-case entity',
      'version: 1\npolicies: [{ name: p, masking: { entities: { email: mask } } }]',
      /masking\.entities.*write the type in capitals/,
    ],
    [
      'an unknown policy of a team',
      'version: 1\norganizations: [{ name: o, teams: [{ name: t, policy: defualt }] }]',
      /teams\.0\.policy: "defualt" is not a policy; did you mean "default"\?/,
    ],
    [
      'a plain virtual key',
      'version: 1\norganizations: [{ name: o, teams: [{ name: t, keys: [{ name: k, key: sk-sluice-abc }] }] }]',
      /keys\.0\.key: write \$\{NAME\}/,
    ],
    [
      'a virtual key that is not set',
      'version: 1\norganizations: [{ name: o, teams: [{ name: t, keys: [{ name: k, key: "${WEB_KEY}" }] }] }]',
      /keys\.0\.key: the environment variable WEB_KEY is not set/,
    ],
    ['a subject that NATS would split', 'version: 1\norganizations: [{ name: a.b }]', /organizations\.0\.name: use 1 to 64 of/],
  ];
  it.each(cases)('%s', (_name, text, fault) => {
    const faults = faultsOf(text);
    expect(
      faults.some((line) => fault.test(line)),
      faults.join('\n'),
    ).toBe(true);
    expect(loadConfiguration(text, options()).ok).toBe(false);
  });

  it('are named all at once', () => {
    expect(faultsOf('version: 2\nmodel: []\npolicies: [{ name: P }]')).toHaveLength(3);
  });

  it('never repeat a secret', () => {
    const secret = 'sk-very-secret-1234567890';
    const text = `version: 1\nproviders: [{ name: p, type: openai, apiKey: "${secret}" }]\norganizations: [{ name: o, teams: [{ name: t, keys: [{ name: k, key: "${secret}" }] }] }]`;
    expect(faultsOf(text).join('\n')).not.toContain(secret);
    expect(faultsOf(`version: 1\n${provider}\nproviders2: "${secret}"`).join('\n')).not.toContain(secret);
  });

  it('include two keys of one value', () => {
    const keys = '[{ name: a, key: "${A}" }, { name: b, key: "${B}" }]';
    const value = 'sk-sluice-one-and-the-same';
    expect(
      faultsOf(`version: 1\norganizations: [{ name: o, teams: [{ name: t, keys: ${keys} }] }]`, { A: value, B: value }).join('\n'),
    ).toMatch(/keys\.1\.key: is the same key as organizations\.0\.teams\.0\.keys\.0\.key/);
  });

  it('include an alias bomb', () => {
    const levels = Array.from({ length: 12 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}]`);
    expect(faultsOf(['a0: &a0 [x]', ...levels].join('\n')).join('\n')).toMatch(/cannot be read as YAML: Excessive alias count/);
  });

  it('include nesting without end', () => {
    expect(loadConfiguration('['.repeat(20_000), options()).ok).toBe(false);
  });
});

describe('what is only warned of', () => {
  it('a stage of the operator', () => {
    expect(faultsOf('version: 1\npolicies: [{ name: p, pipeline: [metering, my-stage, router] }]')).toEqual([
      expect.stringMatching(/warning: policies\.0\.pipeline\.1: "my-stage" is not a stage of Sluice/),
    ]);
  });

  it('a provider key that only the router has', () => {
    expect(faultsOf('version: 1\nproviders: [{ name: p, type: openai, apiKey: "${ELSEWHERE}" }]')).toEqual([
      expect.stringMatching(/warning: providers\.0\.apiKey: the environment variable ELSEWHERE is not set here/),
    ]);
  });
});

describe('defaults', () => {
  const environment = { SLUICE_BOOTSTRAP_KEY: 'sk-sluice-bootstrap-0001', SLUICE_SIM_URL: 'http://127.0.0.1:7/v1', OPENAI_API_KEY: 'set' };
  const found: FoundProviders = {
    providers: [{ name: 'openai', type: 'openai', apiKey: '${OPENAI_API_KEY}' }],
    modelsOf: new Map(),
    simulated: { name: 'simulated', type: 'openai-compatible', baseUrl: '${SLUICE_SIM_URL}', forwardHeaders: ['x-sim-*'] },
  };
  const load = (text: string) => {
    const result = loadConfiguration(text, options(environment, found));
    if (!result.ok) throw new Error(result.problems.map((problem) => formatProblem(problem, 'test')).join('\n'));
    return result.checked.configuration;
  };

  it.each(['', '\n', '# only a comment\n', 'null'])('of an empty file (%j) are complete', (text) => {
    const configuration = load(text);
    expect(configuration.providers.map((entry) => entry.name)).toEqual(['openai', 'simulated']);
    expect(configuration.models.map((model) => model.name)).toEqual(['gpt-4o', 'gpt-4o-mini', 'sim', 'sim-embed']);
    expect(configuration.policies).toMatchObject([{ name: 'default', pipeline: ['metering', 'guardrail', 'masking', 'cache', 'router'] }]);
    expect(configuration.organizations).toMatchObject([{ name: 'default', teams: [{ name: 'default', keys: [{ name: 'bootstrap' }] }] }]);
  });

  it('stand for the organisations that a file leaves out', () => {
    const configuration = load(`version: 1\n${provider}\nmodels: [{ name: m, targets: [{ provider: mock, model: m }] }]`);
    expect(configuration.organizations).toMatchObject([{ name: 'default' }]);
    expect(configuration.models.map((model) => model.name)).toEqual(['m', 'sim', 'sim-embed']);
    expect(configuration.providers.map((entry) => entry.name)).toEqual(['mock', 'simulated']);
  });

  it('give way to what a file states', () => {
    const configuration = load('version: 1\npolicies: [{ name: default, pipeline: [router] }]\norganizations: []');
    expect(configuration.policies.map((policy) => policy.pipeline)).toEqual([['router']]);
    expect(configuration.organizations).toEqual([]);
  });

  it('leave a taken name alone', () => {
    const configuration = load('version: 1\nproviders: [{ name: simulated, type: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" }]');
    expect(configuration.providers).toMatchObject([{ name: 'simulated', baseUrl: 'http://127.0.0.1:9/v1' }]);
    expect(configuration.models).toEqual([]);
  });
});

describe('any text', () => {
  const neverThrows = (text: string): void => {
    const result = loadConfiguration(text, options());
    if (result.ok) return;
    expect(result.problems.length).toBeGreaterThan(0);
    for (const problem of result.problems) {
      expect(problem.message.length).toBeGreaterThan(0);
      expect(problem.line).toBeGreaterThan(0);
      expect(formatProblem(problem, 'f')).not.toContain('\n');
    }
  };

  it('is loaded or refused with named faults', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), neverThrows), { numRuns: 500 });
  });

  it('of YAML signs is loaded or refused with named faults', () => {
    const sign = fc.constantFrom(
      ' ',
      '\n',
      '- ',
      ': ',
      '? ',
      '{',
      '}',
      '[',
      ']',
      '&a ',
      '*a',
      '!!map ',
      '|',
      '>',
      '"',
      "'",
      '#',
      '---',
      'version: 1',
      'models',
      '<<',
      '${X}',
      '__proto__',
      '\t',
      '1e999',
    );
    fc.assert(
      fc.property(
        fc.array(sign, { maxLength: 40 }).map((signs) => signs.join('')),
        neverThrows,
      ),
      { numRuns: 1_000 },
    );
  });

  it('of any JSON is loaded or refused with named faults', () => {
    const field = fc.constantFrom(
      'version',
      'providers',
      'models',
      'policies',
      'organizations',
      'name',
      'targets',
      'teams',
      'keys',
      '__proto__',
      'x',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(field, tie('tree'), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(
        tree.map((value) => JSON.stringify(value)),
        neverThrows,
      ),
      { numRuns: 500 },
    );
  });
});
