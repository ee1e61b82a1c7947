import type { Outcome } from '@sluice/bus';
import type { ConfigurationInput, Reservation } from '@sluice/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Extend } from './reservation/ask-for-more.ts';
import { drain, expectKind, openRouter, type RouterHarness } from './router-harness.ts';
import { completion, refusal, type Script, type ScriptedProvider, startScriptedProvider } from './scripted-provider.ts';

type Model = NonNullable<ConfigurationInput['models']>[number];
type Asked = Parameters<Extend>[0];

/** A thousand tokens in and out cost 3,000 nano-USD at these prices. */
const price = { inputPerMillion: 0.001, outputPerMillion: 0.002 };
const reservation: Reservation = { instance: 'metering-1', inputTokens: 1_000, outputTokens: 1_000, costNanoUsd: '3000', bound: true };
const messages = [{ role: 'user', content: 'Hello.' }];

let a: ScriptedProvider;
let b: ScriptedProvider;
let router: RouterHarness | undefined;
let asked: Asked[] = [];
let extend: Extend;

beforeAll(async () => {
  [a, b] = await Promise.all([startScriptedProvider(), startScriptedProvider()]);
});
afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
});
beforeEach(() => {
  asked = [];
  extend = () => Promise.resolve(true);
  for (const provider of [a, b]) {
    provider.calls.length = 0;
    provider.script = completion('Hello.');
  }
});
afterEach(() => router?.close());

function open(chat: Partial<Model>, models: readonly Model[] = []): void {
  const common = { type: 'openai-compatible' as const, apis: ['chat' as const] };
  const targets = ['a', 'b'].map((provider) => ({ provider, model: 'sim', price }));
  router = openRouter(
    {
      providers: [
        { name: 'a', baseUrl: a.url, ...common },
        { name: 'b', baseUrl: b.url, ...common },
      ],
      models: [{ name: 'chat', targets, retries: { maxAttempts: 1 }, ...chat }, ...models],
    },
    {
      extend: (request, instance) => {
        asked.push(request);
        return extend(request, instance);
      },
    },
  );
}

function ask(body: object = {}, bound: Reservation = reservation): Promise<Outcome> {
  if (router === undefined) throw new Error('no router is open');
  return router.ask({ model: 'chat', messages, ...body }, { envelope: { found: { metering: { reservation: bound } } } });
}

/** Says what it used, and then fails before it said anything else. */
const chargedFailure: Script = (_, response) => {
  const usage = { prompt_tokens: 30, completion_tokens: 5, total_tokens: 35 };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
  response.end('data: {"error":{"message":"overloaded","type":"server_error"}}\n\n');
};

const streamed: Script = (_, response) => {
  const chunk = (delta: object, finish: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  response
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .end(`${chunk({ content: 'Hi.' }, null)}${chunk({}, 'stop')}data: [DONE]\n\n`);
};

function late(afterMs: number): Script {
  return (call, response) => {
    setTimeout(() => {
      completion('Late.')(call, response);
    }, afterMs);
  };
}

describe('an attempt after one that was charged', () => {
  it('asks for what was used, and is made where that is granted', async () => {
    open({});
    a.script = chargedFailure;
    b.script = streamed;
    const { end } = await drain(expectKind(await ask({ stream: true }), 'stream'));
    expect(end.attempts).toMatchObject([{ provider: 'a', usage: { input: 30, output: 5 } }, { provider: 'b' }]);
    expect(asked).toMatchObject([{ requestId: 'req_01JD0000000000000000000000', model: 'chat', inputTokens: 30, outputTokens: 5 }]);
    expect(asked[0]).not.toHaveProperty('pricedAs');
  });

  it('is not made where it is refused: the client hears that its limits left no room', async () => {
    open({});
    extend = () => Promise.resolve(false);
    a.script = chargedFailure;
    const { error, attempts } = expectKind(await ask({ stream: true }), 'refuse');
    expect(error).toMatchObject({ code: 'rate_limit_exceeded', status: 429 });
    expect(error.message).toMatch(/limits leave no room for another/);
    expect(attempts).toHaveLength(1);
    expect(b.calls).toHaveLength(0);
  });

  it('is not made where nobody answers', async () => {
    open({});
    extend = () => Promise.reject(new Error('nobody answers'));
    a.script = chargedFailure;
    expect(expectKind(await ask({ stream: true }), 'refuse').error).toMatchObject({ code: 'stage_unavailable', status: 503 });
    expect(b.calls).toHaveLength(0);
  });

  it('asks nothing where no limit binds the request', async () => {
    open({});
    a.script = chargedFailure;
    b.script = streamed;
    expectKind(await ask({ stream: true }, { ...reservation, bound: false }), 'stream');
    expect(asked).toEqual([]);
  });
});

describe('an attempt after one that used nothing', () => {
  it('asks nothing', async () => {
    open({});
    extend = () => Promise.resolve(false);
    a.script = refusal(500, 'Oh.');
    expect(expectKind(await ask(), 'reply').answer.provider).toBe('b');
    expect(asked).toEqual([]);
  });
});

describe('a hedged call', () => {
  const hedge = { after: '20ms', budget: 1 };

  it('first holds as much again', async () => {
    open({ hedge });
    a.script = () => undefined;
    expect(expectKind(await ask(), 'reply').answer.provider).toBe('b');
    expect(asked).toMatchObject([{ inputTokens: 1_000, outputTokens: 1_000 }]);
  });

  it('is not made where that is refused, and the first one goes on', async () => {
    open({ hedge });
    extend = () => Promise.resolve(false);
    a.script = late(80);
    expect(expectKind(await ask(), 'reply').answer.provider).toBe('a');
    expect(asked).toHaveLength(1);
    expect(b.calls).toHaveLength(0);
  });

  it('does not hold up the first one while it is asked for', async () => {
    open({ hedge });
    extend = () => new Promise(() => undefined);
    a.script = late(80);
    expect(expectKind(await ask(), 'reply').answer.provider).toBe('a');
    expect(b.calls).toHaveLength(0);
  });

  it('asks nothing where there is nobody else to call', async () => {
    open({ hedge, targets: [{ provider: 'a', model: 'sim', price }] });
    a.script = late(60);
    expectKind(await ask(), 'reply');
    expect(asked).toEqual([]);
  });
});

describe('a fallback', () => {
  const dear = { inputPerMillion: 0.004, outputPerMillion: 0.008 };
  const only = { targets: [{ provider: 'a', model: 'sim', price }] };
  const second = (more: typeof price): Model => ({ name: 'second', targets: [{ provider: 'b', model: 'sim', price: more }] });

  it('that is dearer asks for the difference at its own price', async () => {
    open({ ...only, fallbacks: { error: ['second'] } }, [second(dear)]);
    a.script = refusal(500, 'Oh.');
    expect(expectKind(await ask(), 'reply').answer.provider).toBe('b');
    // 12,000 nano-USD less 3,000 that are held: three quarters of its tokens.
    expect(asked).toMatchObject([{ inputTokens: 750, outputTokens: 750, pricedAs: 'second', model: 'chat' }]);
  });

  it('that is refused is not called: the failure of the model that was asked for stands', async () => {
    open({ ...only, fallbacks: { error: ['second'] } }, [second(dear)]);
    extend = () => Promise.resolve(false);
    a.script = refusal(500, 'Oh.');
    const { error } = expectKind(await ask(), 'refuse');
    expect(error.code).toBe('provider_error');
    expect(error.message).toContain('"chat"');
    expect(b.calls).toHaveLength(0);
  });

  it('that is no dearer asks nothing', async () => {
    open({ ...only, fallbacks: { error: ['second'] } }, [second(price)]);
    a.script = refusal(500, 'Oh.');
    expect(expectKind(await ask(), 'reply').answer.provider).toBe('b');
    expect(asked).toEqual([]);
  });

  it('for an answer that was held back asks for what that used; refused, the client gets that answer', async () => {
    open({ ...only, fallbacks: { contentPolicy: ['second'] } }, [second(price)]);
    a.script = completion('', 'content_filter');
    expect(expectKind(await ask(), 'reply').answer.provider).toBe('b');
    expect(asked).toMatchObject([{ inputTokens: 7, outputTokens: 3, pricedAs: 'second' }]);
    extend = () => Promise.resolve(false);
    const { answer } = expectKind(await ask(), 'reply');
    expect(answer).toMatchObject({ provider: 'a', finishReason: 'content_filter' });
    expect(b.calls).toHaveLength(1);
  });
});
