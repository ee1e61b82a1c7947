import { connectBus, type Bus } from '@sluice/bus';
import { subjects } from '@sluice/contracts';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { natsPassword, type Service } from './deploy-files.ts';
import { startGuardedGateway, type GuardedGateway } from './guarded-gateway.ts';

// Eight services and a new database; many times the usual where other suites take the processor.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

let gateway: GuardedGateway;
const strangers: Bus[] = [];

beforeAll(async () => {
  gateway = await startGuardedGateway();
  await vi.waitFor(
    async () => {
      const response = await fetch(`${gateway.url}/readyz`);
      expect(response.status, gateway.logs()).toBe(200);
    },
    { timeout: 120_000, interval: 200 },
  );
});
afterAll(async () => {
  await Promise.all(strangers.map((bus) => bus.close()));
  await gateway.stop();
});

function post(path: string, body: unknown): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function chat(content: string, stream = false): Promise<string> {
  const response = await post('/v1/chat/completions', { model: 'sim', stream, messages: [{ role: 'user', content }] });
  const text = await response.text();
  expect(response.status, `${text}\n${gateway.logs()}`).toBe(200);
  return text;
}

async function connectAs(service: Service): Promise<Bus> {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const bus = await connectBus({
    servers: gateway.natsUrl,
    user: service,
    password: natsPassword(service),
    service,
    version: '0.0.0',
    description: 'A test that tries what the user may not do',
    log,
    tracing: false,
    hopBudgetMs: 2_000,
    echo: true,
  });
  strangers.push(bus);
  return bus;
}

it('lets every service do its work: plain, streamed, masked, cached and large requests', async () => {
  expect(await chat('Who are you?')).toContain('Who are you?');
  expect(await chat('Who are you?')).toContain('Who are you?');
  expect(await chat('Tell me more, please', true)).toContain('[DONE]');
  expect(await chat('Tell me more, please', true)).toContain('[DONE]'); // the cache's stream, which needs credit like the router's
  expect(await chat('Write to alice@example.org')).toContain('alice@example.org');
  expect(await chat('word '.repeat(300_000))).toContain('word word');
  expect(gateway.violations()).toEqual([]);
});

it('lets the check routes, the usage route and the admin API work', async () => {
  expect((await post('/v1/guardrails/check', { input: 'hello' })).status).toBe(200);
  expect((await post('/v1/mask', { text: 'bob@example.org' })).status).toBe(200);
  const usage = await fetch(`${gateway.url}/v1/usage`, { headers: { authorization: `Bearer ${gateway.key}` } });
  expect(usage.status).toBe(200);
  await vi.waitFor(async () => {
    const log = await admin('/admin/requests');
    expect(((await log.json()) as { requests: unknown[] }).requests.length).toBeGreaterThan(4); // the shape is control's contract
  }, 20_000);
  expect(gateway.violations()).toEqual([]);
});

it('lets control publish a changed configuration, and the services take it', async () => {
  const changed = 'version: 1\npolicies:\n  - name: default\n    pipeline: [metering, router]\n';
  await configure(changed);
  await vi.waitFor(async () => {
    const answer = await post('/v1/chat/completions', { model: 'sim', messages: [{ role: 'user', content: 'after the change' }] });
    expect(answer.headers.get('server-timing')).not.toContain('guardrail');
  }, 10_000);
  expect(gateway.violations()).toEqual([]);
});

it('lets control slow a key, and metering hear of it', async () => {
  const listed = (await (await admin('/admin/keys')).json()) as { keys: { keyId: string }[] }; // the shape is control's contract
  const path = `/admin/keys/${listed.keys[0]?.keyId ?? ''}/throttle`;
  expect((await admin(path, { method: 'PUT', body: '{"requestsPerMinute":0,"minutes":1}' })).status).toBe(200);
  const status = async () =>
    (await post('/v1/chat/completions', { model: 'sim', messages: [{ role: 'user', content: 'slowed?' }] })).status;
  await vi.waitFor(async () => {
    expect(await status()).toBe(429);
  }, 10_000);
  expect((await admin(path, { method: 'DELETE' })).status).toBe(200);
  await vi.waitFor(async () => {
    expect(await status()).toBe(200);
  }, 10_000);
  expect(gateway.violations()).toEqual([]);
});

async function configure(yaml: string): Promise<void> {
  const response = await admin('/admin/configuration', { method: 'PUT', body: yaml, headers: { 'content-type': 'application/yaml' } });
  expect(response.status, await response.text()).toBe(200);
}

function admin(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(gateway.controlUrl + path, {
    ...init,
    headers: { authorization: `Bearer ${gateway.adminToken}`, ...(init.headers as Record<string, string> | undefined) }, // only plain objects are given here
  });
}

/** Runs what a user must not be able to do, and returns the server's refusals that it led to. */
async function refusals(service: Service, attempt: (bus: Bus) => void): Promise<string[]> {
  const before = gateway.violations().length;
  attempt(await connectAs(service));
  await vi.waitFor(() => {
    expect(gateway.violations().length).toBeGreaterThan(before);
  }, 5_000);
  return gateway.violations().slice(before);
}

const anything = new TextEncoder().encode('{}');

it.each([
  ['guardrail', subjects.usage('default', 'default')],
  ['masking', subjects.audit('default')],
  ['router', subjects.stage('router')],
  ['cache', '$KV.config.snapshot'],
  ['billing', subjects.usage('default', 'default')],
  ['ingress', '$KV.config.snapshot'],
  ['metering', subjects.cacheStore],
  ['control', subjects.stage('router')],
] as const)('refuses %s to publish %s', async (service, subject) => {
  const found = await refusals(service, (bus) => {
    bus.publish(subject, anything);
  });
  expect(found.join('\n')).toContain(`Publish Violation - User "${service}"`);
  expect(found.join('\n')).toContain(subject);
});

it.each([
  ['guardrail', subjects.anyUsage],
  ['router', subjects.keyAuthenticate],
  ['cache', subjects.stage('masking')],
] as const)('refuses %s to hear %s', async (service, subject) => {
  const found = await refusals(service, (bus) => {
    bus.subscribe(subject, () => undefined);
  });
  expect(found.join('\n')).toContain(`Subscription Violation - User "${service}"`);
});

it.each([
  ['guardrail', '_INBOX.ingress.>'],
  ['cache', '_INBOX.ingress.>'],
  ['router', '_INBOX.>'],
  ['billing', '_INBOX.*.*'],
  ['ingress', '_INBOX.control.>'],
] as const)('refuses %s to listen to the inboxes of others: %s', async (service, subject) => {
  const found = await refusals(service, (bus) => {
    bus.subscribe(subject, () => undefined);
  });
  expect(found.join('\n')).toContain(`Subscription Violation - User "${service}"`);
});

it('lets nobody but ingress hear the table of masked values', async () => {
  const decoder = new TextDecoder();
  const heard = { ingress: '', cache: '' };
  for (const service of ['ingress', 'cache'] as const) {
    const bus = await connectAs(service);
    for (const subject of ['_INBOX.ingress.>', '_INBOX.>']) {
      bus.subscribe(subject, (data) => {
        heard[service] += decoder.decode(data);
      });
    }
  }
  // The configuration of an earlier test has no masking any more: a policy of its own for this one.
  await configure('version: 1\npolicies:\n  - name: default\n    pipeline: [metering, masking, cache, router]\n');
  await vi.waitFor(async () => {
    await chat('Write to carol.secret@example.org');
    expect(heard.ingress).toContain('"<EMAIL_ADDRESS_1>":"carol.secret@example.org"');
  }, 10_000);
  expect(heard.cache).toBe('');
});
