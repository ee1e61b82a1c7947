import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configurationSchema, duration } from './configuration.ts';

/** `path: message` of every problem. */
function problemsOf(input: unknown): string[] {
  const parsed = configurationSchema.safeParse(input);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const target = { provider: 'sim', model: 'sim-1' };

describe('duration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(duration.parse(text)).toBe(milliseconds);
  });

  it.each(['', '5', 's', '-1s', '1.5s', '1 s', '1w', '1S', '1s ', '1e3s', '٣s'])('refuses %j and says what to write', (text) => {
    expect(duration.safeParse(text).error?.issues[0]?.message).toContain('500ms, 30s, 5m, 1h or 7d');
  });

  it('multiplies every whole number by its unit', () => {
    fc.assert(
      fc.property(fc.nat(), (count) => {
        expect(duration.parse(`${count}s`)).toBe(count * 1_000);
      }),
    );
  });
});

describe('sluice.yaml', () => {
  it('needs its version only', () => {
    expect(configurationSchema.parse({ version: 1 })).toEqual({ version: 1, providers: [], models: [], policies: [] });
  });

  it('fills in every default of a policy', () => {
    expect(configurationSchema.parse({ version: 1, policies: [{ name: 'default' }] }).policies).toEqual([
      {
        name: 'default',
        pipeline: ['metering', 'guardrail', 'masking', 'cache', 'router'],
        guardrail: {
          mode: 'enforce',
          detectors: { injection: 'block', secrets: 'flag', denylist: 'block' },
          denylist: [],
          threshold: 0.5,
          maxInspectedBytes: 33_554_432,
        },
        masking: {
          entities: {
            EMAIL_ADDRESS: 'mask',
            CREDIT_CARD: 'mask',
            PHONE_NUMBER: 'mask',
            IBAN_CODE: 'mask',
            IP_ADDRESS: 'mask',
            US_SSN: 'mask',
          },
          minScore: 0.5,
        },
        cache: { exact: true, semantic: true, ttl: 3_600_000, maxErrorRate: 0.02, scope: 'team' },
        onUnavailable: {},
        onDisconnect: 'cancel',
        timeout: 300_000,
      },
    ]);
  });

  it('fills in every default of a provider and of a model', () => {
    const { providers, models } = configurationSchema.parse({
      version: 1,
      providers: [{ name: 'sim', type: 'openai-compatible' }],
      models: [{ name: 'chat', targets: [target] }],
    });
    expect(providers).toEqual([
      {
        name: 'sim',
        type: 'openai-compatible',
        headers: {},
        forwardHeaders: [],
        timeouts: { connect: 5_000, firstToken: 60_000, betweenChunks: 30_000, total: 600_000 },
        maxConnections: 256,
      },
    ]);
    expect(models).toEqual([
      {
        name: 'chat',
        aliases: [],
        hidden: false,
        strategy: 'priority',
        targets: [{ ...target, weight: 1 }],
        retries: { maxAttempts: 2, statuses: [408, 409, 429, 500, 502, 503, 504, 529], baseDelay: 100, maxDelay: 5_000, budget: 0.2 },
        breaker: { enabled: true, failures: 5, failureRate: 0.5, openFor: 5_000 },
        sticky: false,
        fallbacks: { error: [], contextWindow: [], contentPolicy: [] },
        onUnsupported: 'refuse',
      },
    ]);
  });

  it('refuses an alias that is taken, and a fallback that leads nowhere', () => {
    const models = [
      { name: 'a', targets: [target], aliases: ['b'], fallbacks: { error: ['none'] } },
      { name: 'b', targets: [target] },
    ];
    const { error } = configurationSchema.safeParse({ version: 1, models });
    expect(error?.issues.map((issue) => issue.path.join('.'))).toEqual(['models.0.aliases.0', 'models.0.fallbacks.error.0']);
  });

  it('gives each policy defaults of its own', () => {
    const [one, two] = configurationSchema.parse({ version: 1, policies: [{ name: 'one' }, { name: 'two' }] }).policies;
    expect(one).toBeDefined();
    expect(one?.guardrail).not.toBe(two?.guardrail);
  });

  it.each([
    [{}, 'version: write version: 1'],
    [{ version: 2 }, 'version: write version: 1'],
    [{ version: 1, provider: [] }, ': Unrecognized key: "provider"'],
    [{ version: 1, models: [{ name: 'chat', targets: [] }] }, 'models.0.targets: give at least one target'],
    [{ version: 1, models: [{ name: 'chat', targets: [{ ...target, wieght: 2 }] }] }, 'models.0.targets.0: Unrecognized key: "wieght"'],
    [
      { version: 1, providers: [{ name: 'Sim', type: 'openai' }] },
      'providers.0.name: use 1 to 64 of a-z, 0-9, "-" and "_", beginning with a letter or digit',
    ],
    [
      { version: 1, providers: [{ name: 'sim', type: 'openai', baseUrl: 'ftp://x' }] },
      'providers.0.baseUrl: write a full http:// or https:// address, or ${NAME} of an environment variable that holds one',
    ],
    [
      { version: 1, policies: [{ name: 'default', timeout: '5 minutes' }] },
      'policies.0.timeout: write a whole number and a unit: 500ms, 30s, 5m, 1h or 7d',
    ],
    [
      { version: 1, organizations: [{ name: 'acme', teams: [{ name: 'support', keys: [{ name: 'web', key: 'sk-plain' }] }] }] },
      'organizations.0.teams.0.keys.0.key: write ${NAME} of an environment variable or sha256:<hex>; a plain key may not stand in the file',
    ],
  ])('%j is refused with its path and the fix', (input, problem) => {
    expect(problemsOf(input)).toContain(problem);
  });

  it('never repeats a plain key in its complaint', () => {
    const input = {
      version: 1,
      organizations: [{ name: 'acme', teams: [{ name: 't', keys: [{ name: 'web', key: 'sk-plain-secret' }] }] }],
    };
    expect(JSON.stringify(problemsOf(input))).not.toContain('sk-plain-secret');
  });

  it.each([
    [
      'providers',
      {
        providers: [
          { name: 'a', type: 'openai' },
          { name: 'a', type: 'openai' },
        ],
      },
      'providers.1.name',
    ],
    [
      'models',
      {
        models: [
          { name: 'a', targets: [target] },
          { name: 'a', targets: [target] },
        ],
      },
      'models.1.name',
    ],
    ['policies', { policies: [{ name: 'a' }, { name: 'a' }] }, 'policies.1.name'],
    ['organizations', { organizations: [{ name: 'a' }, { name: 'a' }] }, 'organizations.1.name'],
    ['teams', { organizations: [{ name: 'a', teams: [{ name: 't' }, { name: 't' }] }] }, 'organizations.0.teams.1.name'],
    [
      'keys',
      {
        organizations: [
          {
            name: 'a',
            teams: [
              {
                name: 't',
                keys: [
                  { name: 'k', key: '${A}' },
                  { name: 'k', key: '${B}' },
                ],
              },
            ],
          },
        ],
      },
      'organizations.0.teams.0.keys.1.name',
    ],
  ])('finds duplicate %s', (_kind, input, path) => {
    const [problem] = problemsOf({ version: 1, ...input });
    expect(problem?.startsWith(`${path}: `)).toBe(true);
    expect(problem).toContain('stands twice; give each entry a name of its own');
  });

  it('admits one team name in two organisations', () => {
    const team = { teams: [{ name: 't' }] };
    expect(
      problemsOf({
        version: 1,
        organizations: [
          { name: 'a', ...team },
          { name: 'b', ...team },
        ],
      }),
    ).toEqual([]);
  });

  it('throws at nothing that a file may hold', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => configurationSchema.safeParse(value)).not.toThrow();
        expect(() => configurationSchema.safeParse({ version: 1, organizations: [value], models: [value] })).not.toThrow();
      }),
    );
  });
});
