import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endChild, startNatsServer, type NatsServer } from '@sluice/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { keys, startGateway, type Gateway } from './harness/gateway.ts';
import { ask } from './harness/read-stream.ts';

const program = fileURLToPath(new URL('../../../examples/stages/python/stage.py', import.meta.url));
const pipeline = ['metering', 'guardrail', 'redactor', 'masking', 'cache', 'router'];

let nats: NatsServer;
let stage: ChildProcess;
let gateway: Gateway;

beforeAll(async () => {
  requirePython();
  nats = await startNatsServer();
  // Before the gateway: it is ready only once every stage of a policy is there.
  stage = await startStage(nats.url);
  gateway = await startGateway({
    env: { NATS_URL: nats.url },
    configure: ({ organizations, ...rest }) => ({
      ...rest,
      policies: [
        { name: 'default', pipeline },
        { name: 'lenient', pipeline, onUnavailable: { redactor: 'skip' } },
      ],
      organizations: (organizations ?? []).map((organization) => ({
        ...organization,
        teams: (organization.teams ?? []).map((team) => (team.name === 'blue' ? { ...team, policy: 'lenient' } : team)),
      })),
    }),
  });
}, 180_000);
afterAll(async () => {
  await gateway.stop();
  await endChild(stage);
  await nats.stop();
});
vi.setConfig({ testTimeout: 60_000 });

function requirePython(): void {
  try {
    execFileSync('python3', ['--version'], { stdio: 'pipe' });
  } catch (cause) {
    if (process.getuid?.() !== 0) throw new Error('this test runs a stage in Python: install python3 (apt-get install python3)', { cause });
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'python3'], { stdio: 'inherit' });
  }
}

async function startStage(url: string): Promise<ChildProcess> {
  const child = spawn('python3', [program], { env: { ...process.env, NATS_URL: url }, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (text.includes('serves')) resolve();
    });
    child.once('exit', (code) => {
      reject(new Error(`the Python stage ended with ${code ?? 'a signal'}`));
    });
  });
  return child;
}

it('changes what the provider gets, and says in the answer that it ran', async () => {
  const answer = await gateway.post('/v1/chat/completions', ask('What is a slip?'));
  expect(answer.status, await answer.text()).toBe(200);
  const [call] = gateway.callsOf(answer.headers.get('x-request-id') ?? '');
  expect(call?.body).toContain('Answer in plain words.');
  expect(answer.headers.get('x-sluice-guards')).toContain('redactor=allow');
  expect(answer.headers.get('server-timing')).toContain('redactor;dur=');
});

it('refuses by its own rule, in the error format of the client', async () => {
  const answer = await gateway.post('/v1/chat/completions', ask('Say xyzzy'));
  expect(answer.status).toBe(403);
  const { error } = (await answer.json()) as { error: { code: string; message: string } }; // the format of OpenAI's errors
  expect(error.code).toBe('content_policy_violation');
  expect(error.message).toContain('this stage refuses');
  expect(answer.headers.get('x-sluice-guards')).toContain('redactor=block');
});

it('when killed is named in a 503, or left out where the policy says so, and serves again when it is back', async () => {
  await endChild(stage, 'SIGKILL');
  await vi.waitFor(
    async () => {
      const refused = await gateway.post('/v1/chat/completions', ask('Is anybody there?'));
      expect(refused.status).toBe(503);
      expect(await refused.text()).toContain('redactor');
    },
    { timeout: 30_000, interval: 100 },
  );
  const skipped = await gateway.post('/v1/chat/completions', ask('And without it?'), { authorization: `Bearer ${keys.blue}` });
  expect(skipped.status, await skipped.text()).toBe(200);
  expect(skipped.headers.get('x-sluice-guards')).toContain('redactor=skipped:unavailable');
  stage = await startStage(nats.url);
  await vi.waitFor(async () => {
    const answer = await gateway.post('/v1/chat/completions', ask('Back again?'));
    expect(answer.status).toBe(200);
  }, 10_000);
});
