import type { Outcome } from '@sluice/bus';
import type { ConfigurationInput } from '@sluice/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AskOptions, expectKind, openRouter, type RouterHarness } from './router-harness.ts';
import { completion, refusal, type ScriptedProvider, startScriptedProvider } from './scripted-provider.ts';

type Model = NonNullable<ConfigurationInput['models']>[number];
type Provider = NonNullable<ConfigurationInput['providers']>[number];

let a: ScriptedProvider;
let b: ScriptedProvider;
let router: RouterHarness | undefined;

beforeAll(async () => {
  [a, b] = await Promise.all([startScriptedProvider(), startScriptedProvider()]);
});
beforeEach(() => {
  for (const provider of [a, b]) {
    provider.calls.length = 0;
    provider.script = completion('Hello.');
  }
});
afterEach(async () => {
  await router?.close();
});
afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
});

const both = ['a', 'b'].map((provider) => ({ provider, model: 'sim' }));

/** A router with the providers a and b and one model named `chat`, and others. */
function open(model: Partial<Model> = {}, more: { readonly models?: readonly Model[]; readonly a?: Partial<Provider> } = {}): void {
  const provider = (name: string, { url }: ScriptedProvider, members: Partial<Provider> = {}): Provider => ({
    name,
    type: 'openai-compatible',
    apis: ['chat'],
    baseUrl: url,
    ...members,
  });
  const retries = { maxAttempts: 1, baseDelay: '1ms', maxDelay: '5ms' };
  router = openRouter({
    providers: [provider('a', a, more.a), provider('b', b)],
    models: [{ name: 'chat', targets: both, retries, ...model }, ...(more.models ?? [])],
  });
}

async function ask(options: AskOptions = {}, members: object = {}): Promise<Outcome> {
  if (router === undefined) throw new Error('open a router first');
  return router.ask({ model: 'chat', messages: [{ role: 'user', content: 'Say something.' }], ...members }, options);
}

async function answeredBy(options: AskOptions = {}, members: object = {}): Promise<string | undefined> {
  return expectKind(await ask(options, members), 'reply').answer.provider;
}

const keyOf = ({ headers }: ScriptedProvider['calls'][number]): string | undefined => headers.authorization?.replace('Bearer ', '');

describe('a provider with several keys', () => {
  const apiKeys = [{ key: 'key-one-12345' }, { key: 'key-two-12345' }];

  it.each([401, 402, 403])(
    'goes on with another key in the same request, and leaves out the one that was refused with %i',
    async (status) => {
      a.script = (call, response) => {
        (keyOf(call) === 'key-one-12345' ? refusal(status, 'Your balance is used up.') : completion('Hello.'))(call, response);
      };
      open({ targets: [{ provider: 'a', model: 'sim' }] }, { a: { apiKeys } });
      for (let request = 0; request < 20; request++) expect(await answeredBy()).toBe('a');
      expect(a.calls.filter((call) => keyOf(call) === 'key-one-12345')).toHaveLength(1);
    },
  );

  it('is not asked again and again where all its keys are refused', async () => {
    a.script = refusal(402, 'Your balance is used up.');
    open({}, { a: { apiKeys } });
    for (let request = 0; request < 50; request++) expect(await answeredBy()).toBe('b');
    // Each key once, and one try a second: no more than three seconds pass here.
    expect(a.calls.length).toBeLessThanOrEqual(5);
  });

  it('shows no key in an error or in the log', async () => {
    a.script = refusal(401, 'Incorrect API key provided: key-one-12345.');
    open({ targets: [{ provider: 'a', model: 'sim' }] }, { a: { apiKeys: [{ key: 'key-one-12345' }] } });
    const { error } = expectKind(await ask(), 'refuse');
    expect(`${error.message} ${router?.log() ?? ''}`).not.toContain('key-one-12345');
  });
});

describe('sticky', () => {
  it('keeps each conversation on one target, and uses both', async () => {
    open({ strategy: 'weighted', sticky: true });
    const used = new Set<string | undefined>();
    for (let conversation = 0; conversation < 12; conversation++) {
      const members = { prompt_cache_key: `conversation ${conversation}` };
      const first = await answeredBy({}, members);
      used.add(first);
      for (let turn = 0; turn < 4; turn++) expect(await answeredBy({}, members)).toBe(first);
    }
    expect(used.size).toBe(2);
  });

  it('knows a conversation by how it began', async () => {
    open({ strategy: 'weighted', sticky: true });
    const messages = [{ role: 'user', content: 'What is a sluice?' }];
    const first = await answeredBy({}, { messages });
    for (let turn = 0; turn < 8; turn++) {
      messages.push({ role: 'assistant', content: 'Well.' }, { role: 'user', content: `And ${turn}?` });
      expect(await answeredBy({}, { messages })).toBe(first);
    }
  });
});

describe('canary', () => {
  it('keeps each user on one side', async () => {
    open({
      strategy: 'canary',
      targets: [
        { provider: 'a', model: 'sim' },
        { provider: 'b', model: 'sim', percent: 50 },
      ],
    });
    const used = new Set<string | undefined>();
    for (let user = 0; user < 12; user++) {
      const options = { envelope: { user: `user-${user}` } };
      const first = await answeredBy(options);
      used.add(first);
      for (let request = 0; request < 3; request++) expect(await answeredBy(options)).toBe(first);
    }
    expect(used.size).toBe(2);
  });
});

describe('conditions', () => {
  it('choose by tag, and refuse with 404 what no target is for', async () => {
    open({
      targets: [
        { provider: 'a', model: 'sim', when: { tags: { tier: ['gold'] } } },
        { provider: 'b', model: 'sim', when: { tags: { tier: ['silver'] } } },
      ],
    });
    expect(await answeredBy({ envelope: { tags: { tier: 'silver' } } })).toBe('b');
    const { error } = expectKind(await ask({ envelope: { tags: { tier: 'lead' } } }), 'refuse');
    expect([error.code, error.status]).toEqual(['model_not_found', 404]);
  });
});

describe('fallbacks', () => {
  const second: Model = { name: 'second', targets: [{ provider: 'b', model: 'sim' }] };
  const first = { targets: [{ provider: 'a', model: 'sim' }] };

  it('on a prompt that is too long', async () => {
    a.script = refusal(400, 'prompt is too long: 214850 tokens > 200000 maximum');
    open({ ...first, fallbacks: { contextWindow: ['second'] } }, { models: [second] });
    expect(await answeredBy()).toBe('b');
  });

  it('on refused content, also where it comes as an empty answer', async () => {
    open({ ...first, fallbacks: { contentPolicy: ['second'] } }, { models: [second] });
    a.script = refusal(400, "The prompt triggered Azure OpenAI's content management policy.");
    expect(await answeredBy()).toBe('b');
    a.script = completion('', 'content_filter');
    expect(await answeredBy()).toBe('b');
    a.script = completion('I would rather', 'content_filter');
    expect(await answeredBy()).toBe('a');
  });

  it('on any other failure', async () => {
    a.script = refusal(500, 'Oh.');
    open({ ...first, fallbacks: { error: ['second'] } }, { models: [second] });
    expect(await answeredBy()).toBe('b');
  });

  it('not for a request that is malformed', async () => {
    a.script = refusal(400, "Unknown parameter: 'temprature'.");
    open({ ...first, fallbacks: { error: ['second'], contextWindow: ['second'], contentPolicy: ['second'] } }, { models: [second] });
    expect(expectKind(await ask(), 'refuse').error.status).toBe(400);
    expect(b.calls).toHaveLength(0);
  });

  it('end where two models name each other and both fail', async () => {
    a.script = refusal(500, 'Oh.');
    b.script = refusal(500, 'Oh.');
    open(
      { ...first, fallbacks: { error: ['second'] } },
      { models: [{ ...second, retries: { maxAttempts: 1 }, fallbacks: { error: ['chat'] } }] },
    );
    expectKind(await ask(), 'refuse');
    expect([a.calls.length, b.calls.length]).toEqual([1, 1]);
  });
});

describe('a breaker', () => {
  it('does not open by failures that successes lie between', async () => {
    let call = 0;
    a.script = (of, response) => {
      call += 1;
      (call % 4 === 0 ? completion('Hello.') : refusal(500, 'Oh.'))(of, response);
    };
    open({ breaker: { failures: 4, failureRate: 1 } });
    for (let request = 0; request < 60; request++) await answeredBy();
    expect(a.calls).toHaveLength(60);
  });

  it('opens by a failure rate, and then nothing is asked', async () => {
    let call = 0;
    a.script = (of, response) => {
      call += 1;
      (call % 2 === 0 ? completion('Hello.') : refusal(500, 'Oh.'))(of, response);
    };
    open({ breaker: { failures: 4, failureRate: 0.5, openFor: '1m' } });
    for (let request = 0; request < 60; request++) await answeredBy();
    expect(a.calls.length).toBeGreaterThanOrEqual(20);
    expect(a.calls.length).toBeLessThanOrEqual(22);
  });
});

describe('retries', () => {
  it('stay within their budget when a provider fails all that it is asked', async () => {
    a.script = refusal(500, 'Oh.');
    open({
      targets: [{ provider: 'a', model: 'sim' }],
      retries: { maxAttempts: 3, baseDelay: '1ms', maxDelay: '1ms', budget: 0.2 },
      breaker: { enabled: false },
    });
    const startedAt = Date.now();
    for (let request = 0; request < 200; request++) expectKind(await ask(), 'refuse');
    const seconds = (Date.now() - startedAt) / 1_000;
    expect(a.calls.length).toBeGreaterThanOrEqual(240);
    expect(a.calls.length).toBeLessThanOrEqual(200 + 40 + 3 + Math.ceil(3 * seconds));
  });
});

describe('a hedged call', () => {
  it('goes to the next target when the first is silent; both stand in the record, with what they used', async () => {
    a.script = () => undefined;
    open({ hedge: { after: '30ms', budget: 1 } });
    const { answer } = expectKind(await ask(), 'reply');
    expect(answer.provider).toBe('b');
    expect(answer.attempts).toMatchObject([
      { provider: 'a', failure: 'hedge_lost', usage: { estimated: true } },
      { provider: 'b', status: 200, usage: { input: 7, output: 3 } },
    ]);
  });

  it('is not made where the first answers in time, nor without a budget', async () => {
    open({ hedge: { after: '2s', budget: 1 } });
    expect(await answeredBy()).toBe('a');
    await router?.close();
    open({ hedge: { after: '10ms', budget: 0 } });
    a.script = (call, response) => {
      setTimeout(() => {
        completion('Late.')(call, response);
      }, 60);
    };
    expect(await answeredBy()).toBe('a');
    expect(b.calls).toHaveLength(0);
  });
});
