import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallJournal } from './calls/call-journal.ts';
import { type JournalledCall, readCalls, readEnds } from './calls/journal-lines.ts';
import { expectKind, openRouter, type AskOptions, type RouterHarness } from './router-harness.ts';
import { completion, type ScriptedProvider, startScriptedProvider } from './scripted-provider.ts';

const body = { model: 'chat', messages: [{ role: 'user', content: 'Hello.' }] };

let directory: string;
let journal: CallJournal;
let provider: ScriptedProvider;
/** Takes connections and says nothing: a TLS connection to it never stands. */
let silent: Server;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-noted-'));
  journal = new CallJournal({ directory, instance: 'a', maxBytes: 1_000_000 }, Date.now, pino({ level: 'silent' }));
  provider = await startScriptedProvider();
  silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
});
afterEach(async () => {
  silent.close();
  await provider.stop();
  journal.close();
  rmSync(directory, { recursive: true, force: true });
});

function routerTo(baseUrl: string, settings: object = {}): RouterHarness {
  const type = 'openai-compatible' as const;
  return openRouter(
    {
      providers: [
        { name: 'first', type, apis: ['chat'], baseUrl, ...settings },
        { name: 'second', type, apis: ['chat'], baseUrl: provider.url },
      ],
      models: [
        { name: 'chat', targets: [{ provider: 'first', model: 'sim' }], retries: { maxAttempts: 1 } },
        {
          name: 'hedged',
          targets: ['first', 'second'].map((name) => ({ provider: name, model: 'sim' })),
          hedge: { after: '20ms', budget: 1 },
        },
      ],
    },
    { journal },
  );
}

/** What another router would find, were this one killed now: a write that was made outlives its process. */
async function noted(): Promise<JournalledCall[]> {
  return (await Promise.all(journal.files().map(readCalls))).flat();
}

const unreachable = () => `https://127.0.0.1:${(silent.address() as AddressInfo).port}/v1`; // a listening TCP server has one

async function askFor(router: RouterHarness, stop: AbortController, asked: AskOptions = {}): Promise<unknown> {
  return router.ask(body, { ...asked, context: { signal: stop.signal, ...asked.context } });
}

it('holds nothing of a call that waits for its connection', async () => {
  const router = routerTo(unreachable());
  const stop = new AbortController();
  const tried = once(silent, 'connection');
  const accepted = vi.fn();
  const asked = askFor(router, stop, { context: { accepted } });
  await tried;
  await vi.waitFor(() => {
    expect(accepted).toHaveBeenCalledWith(undefined);
  });
  expect(await noted()).toEqual([]);
  stop.abort();
  await asked;
  expect(await noted()).toEqual([]);
  await router.close();
});

it('holds nothing of a call that waits for another to leave its connection, and each call once when it leaves', async () => {
  const answers: (() => void)[] = [];
  provider.script = (call, response) =>
    void answers.push(() => {
      completion('Hello.')(call, response);
    });
  const router = routerTo(provider.url, { maxConnections: 1 });
  const stop = new AbortController();
  const asked = ['req_1', 'req_2'].map((id) => askFor(router, stop, { envelope: { id } }));
  await vi.waitFor(() => {
    expect(provider.calls).toHaveLength(1);
  });
  expect((await noted()).map(({ subject }) => subject.requestId)).toEqual(['req_1']);
  answers[0]?.();
  await vi.waitFor(() => {
    expect(provider.calls).toHaveLength(2);
  });
  expect((await noted()).map(({ subject }) => subject.requestId)).toEqual(['req_1', 'req_2']);
  answers[1]?.();
  await Promise.all(asked);
  await router.close();
});

it('holds a call that the provider has and does not answer, and how it ended', async () => {
  const router = routerTo(provider.url);
  provider.script = () => undefined;
  const stop = new AbortController();
  const asked = askFor(router, stop);
  await vi.waitFor(() => {
    expect(provider.calls).toHaveLength(1);
  });
  const [call] = await noted();
  expect(call?.attempt).toMatchObject({ id: '1.1', status: 0, failure: 'holder_lost', usage: { output: 0, estimated: true } });
  stop.abort();
  await asked;
  const name = `${call?.subject.requestId ?? ''} 1.1`;
  expect((await readEnds(journal.files(), new Set([name]))).get(name)?.attempt).toMatchObject({ failure: 'cancelled' });
  await router.close();
});

it('charges nothing for the call of a race that never left', async () => {
  const router = routerTo(unreachable());
  const { answer } = expectKind(await router.ask({ ...body, model: 'hedged' }), 'reply');
  expect(answer).toMatchObject({ provider: 'second', attempts: [{ provider: 'first', failure: 'hedge_lost' }, { provider: 'second' }] });
  expect(answer.attempts?.[0]).not.toHaveProperty('usage');
  expect((await noted()).map(({ attempt }) => attempt.provider)).toEqual(['second']);
  await router.close();
});
