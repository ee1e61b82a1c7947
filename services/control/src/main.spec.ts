/** Control as it runs: its own process, on a real NATS server and PostgreSQL's protocol. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectBus } from '@sluice/bus';
import type { Bus, Closable } from '@sluice/bus';
import { auditEventTypes, buckets, calls, configurationKey, ledgerCalls, subjects, throttleSchema } from '@sluice/contracts';
import type { Snapshot } from '@sluice/contracts';
import { findFreePort, startNatsServer, startPostgres } from '@sluice/testing';
import type { EmbeddedPostgres, NatsServer } from '@sluice/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { sha256Hex } from './virtual-key.ts';

const token = 'an-admin-token-for-tests';
const bootstrapKey = 'sk-sluice-bootstrap-for-tests';
const waiting = { timeout: 10_000, interval: 25 };

let nats: NatsServer;
let postgres: EmbeddedPostgres;
let bus: Bus;
let following: Closable;
let directory = '';
let file = '';
let port = 0;
let control: ChildProcess;
let output = '';
let published: Snapshot | undefined;

function startControl(environment: NodeJS.ProcessEnv = {}): ChildProcess {
  output = '';
  const child = spawn(process.execPath, [fileURLToPath(new URL('./main.ts', import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      NATS_URL: nats.url,
      DATABASE_URL: postgres.url,
      SLUICE_DATA_DIR: directory,
      SLUICE_CONFIG: file,
      SLUICE_CONTROL_PORT: String(port),
      SLUICE_ADMIN_TOKEN: token,
      SLUICE_BOOTSTRAP_KEY: bootstrapKey,
      SLUICE_SIM_URL: 'http://127.0.0.1:9/v1',
      WEB_KEY: 'sk-sluice-web-key-for-tests',
      ...environment,
    },
  });
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return child;
}

async function stopControl(): Promise<void> {
  if (control.exitCode !== null) return;
  const exited = once(control, 'exit');
  control.kill('SIGTERM');
  await exited;
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function admin(method: string, path: string, body?: string | object, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, body: z.record(z.string(), z.unknown()).parse(await answer.json()) };
}

function authenticate(key: string): Promise<z.output<typeof calls.authenticateKey.response>> {
  return bus.request(calls.authenticateKey, { keySha256: sha256Hex(key) }, { timeoutMs: 2_000 });
}

async function ready(): Promise<void> {
  await vi.waitFor(
    async () => {
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status, output).toBe(200);
      expect(await authenticate('nobody')).toEqual({ known: false });
    },
    { timeout: 30_000, interval: 50 },
  );
}

async function currentVersion(): Promise<number> {
  return z.number().parse((await admin('GET', '/admin/configuration')).body.version);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-control-'));
  file = join(directory, 'sluice.yaml');
  [nats, postgres, port] = await Promise.all([startNatsServer(), startPostgres(), findFreePort()]);
  bus = await connectBus({
    servers: nats.url,
    service: 'control-test',
    version: '0.0.0',
    description: 'test',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: false,
  });
  const bucket = await bus.keyValue(buckets.configuration);
  following = await bucket.watch(configurationKey, (bytes) => {
    // Safe: control wrote it.
    published = JSON.parse(Buffer.from(bytes).toString()) as Snapshot;
  });
  control = startControl();
  await ready();
});

afterAll(async () => {
  await stopControl();
  await following.close();
  await bus.close();
  await Promise.all([nats.stop(), postgres.stop()]);
  await rm(directory, { recursive: true });
});

describe('without a file', () => {
  it('publishes the defaults without any secret', () => {
    expect(published).toMatchObject({
      version: 1,
      policies: [{ name: 'default' }],
      organizations: [{ name: 'default', teams: [{ name: 'default', policy: 'default' }] }],
      keys: [{ name: 'bootstrap', organization: 'default', team: 'default' }],
    });
    expect(published?.providers.find((provider) => provider.name === 'simulated')?.baseUrl).toBe('http://127.0.0.1:9/v1');
    expect(published?.models.some((model) => model.name === 'sim')).toBe(true);
    expect(JSON.stringify(published)).not.toContain(bootstrapKey);
  });

  it('knows the bootstrap key and no other', async () => {
    expect(await authenticate(bootstrapKey)).toMatchObject({
      known: true,
      principal: { organization: 'default', team: 'default', keyName: 'bootstrap', policy: 'default' },
    });
    expect(await authenticate(`${bootstrapKey}x`)).toEqual({ known: false });
  });

  it('keeps its version over a restart', async () => {
    await stopControl();
    control = startControl({ SLUICE_SIM_URL: 'http://127.0.0.1:10/v1' });
    await ready();
    expect(await currentVersion()).toBe(1);
    await vi.waitFor(() => {
      expect(published?.providers.find((provider) => provider.name === 'simulated')?.baseUrl).toBe('http://127.0.0.1:10/v1');
    }, waiting);
  });
});

describe('the admin API', () => {
  it.each(['/', '/metrics', '/admin/configuration', '/admin/keys', '/nowhere'])('answers 401 without the token: %s', async (path) => {
    for (const authorization of ['', 'Bearer wrong', `Basic ${token}`]) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
    }
  });

  it('says that it lives without a token', async () => {
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  it('names every fault of a configuration', async () => {
    const { status, body } = await admin(
      'PUT',
      '/admin/configuration',
      'version: 1\nmodels:\n  - { name: m, targets: [{ provider: nope, model: m }] }\npolicies: [{ name: p, pipeline: [cache] }]',
    );
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error: {
        code: 'invalid_request',
        param: 'models.0.targets.0.provider',
        problems: [
          { path: 'models.0.targets.0.provider', line: 3 },
          { path: 'policies.0.pipeline.0', line: 4 },
        ],
      },
    });
  });

  it.each([
    ['POST', '/admin/keys', '{', 400],
    ['POST', '/admin/keys', '{"name":"a","team":"nobody"}', 400],
    ['POST', '/admin/keys', '{"name":"a","modles":[]}', 400],
    ['POST', '/admin/configuration/rollback', '{"version":99999}', 404],
    ['POST', '/admin/configuration/rollback', '{"version":"x"}', 400],
    ['GET', '/admin/configuration?version=0', undefined, 400],
    ['GET', '/admin/audit?limit=9999', undefined, 400],
    ['PUT', '/admin/configuration', '', 400],
    ['DELETE', '/admin/keys/key_nobody', undefined, 404],
    ['GET', '/admin/keys/key_nobody/throttle', undefined, 404],
    ['PUT', '/admin/keys/key_nobody/throttle', '{"requestsPerMinute":1,"minutes":1}', 404],
    ['PUT', '/admin/keys/key_nobody/throttle', '{"requestsPerMinute":-1,"minutes":1}', 400],
    ['PUT', '/admin/keys/key_nobody/throttle', '{"requestsPerMinute":1}', 400],
    ['GET', '/nowhere', undefined, 404],
  ] as const)('%s %s with a wrong input is refused', async (method, path, body, expected) => {
    const answer = await admin(method, path, body);
    expect(answer.status).toBe(expected);
    expect(answer.body).toMatchObject({ error: { message: expect.any(String) as string } });
  });

  it('refuses a body that is too large before it has come', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-length': 5 * 1024 * 1024 };
    const sending = request({ port, host: '127.0.0.1', method: 'PUT', path: '/admin/configuration', headers });
    sending.flushHeaders();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      sending.on('error', reject).on('response', (response) => {
        resolve(response.statusCode);
      });
    });
    sending.destroy();
    expect(status).toBe(413);
  });

  it('activates, shows and rolls back versions, with author and diff', async () => {
    const before = await currentVersion();
    const put = await admin(
      'PUT',
      '/admin/configuration',
      { version: 1, policies: [{ name: 'default', pipeline: ['metering', 'router'] }] },
      { 'x-sluice-author': 'ana' },
    );
    expect(put).toMatchObject({ status: 200, body: { version: before + 1, changed: true } });
    await vi.waitFor(() => {
      expect(published?.policies).toMatchObject([{ pipeline: ['metering', 'router'] }]);
    }, waiting);
    expect((await admin('GET', '/admin/configuration')).body).toMatchObject({
      author: 'ana',
      source: 'api',
      diff: [{ path: 'policies.default.pipeline', to: ['metering', 'router'] }],
    });

    const back = await admin('POST', '/admin/configuration/rollback', { version: before });
    expect(back.body).toMatchObject({ version: before + 2, changed: true });
    await vi.waitFor(() => {
      expect(published).toMatchObject({
        version: before + 2,
        policies: [{ pipeline: ['metering', 'guardrail', 'masking', 'cache', 'router'] }],
      });
    }, waiting);
    const { versions } = (await admin('GET', '/admin/configuration/versions?limit=2')).body;
    expect(versions).toMatchObject([
      { version: before + 2, source: 'rollback', rolledBackTo: before },
      { version: before + 1, author: 'ana' },
    ]);
  });

  it('keeps what came by the API over a restart with the same file', async () => {
    await admin('PUT', '/admin/configuration', { version: 1, policies: [{ name: 'default', timeout: '7s' }] });
    const version = await currentVersion();
    await stopControl();
    control = startControl();
    await ready();
    expect(await currentVersion()).toBe(version);
    expect(published?.policies).toMatchObject([{ timeout: 7_000 }]);
  });
});

describe('virtual keys of the API', () => {
  it('work at once, and no longer once revoked', async () => {
    const made = await admin('POST', '/admin/keys', { name: 'mobile', models: ['sim'], limits: { requestsPerMinute: 5 } });
    expect(made.status).toBe(201);
    const { key, keyId } = z.object({ key: z.string(), keyId: z.string() }).parse(made.body);
    expect(await authenticate(key)).toMatchObject({ known: true, principal: { keyId, keyName: 'mobile', models: ['sim'] } });
    await vi.waitFor(() => {
      expect(published?.keys).toContainEqual(expect.objectContaining({ keyId, limits: { requestsPerMinute: 5 } }));
    }, waiting);
    expect((await admin('POST', '/admin/keys', { name: 'mobile' })).status).toBe(409);
    expect(JSON.stringify((await admin('GET', '/admin/keys')).body)).not.toContain(key);

    expect((await admin('DELETE', `/admin/keys/${keyId}`)).status).toBe(200);
    expect(await authenticate(key)).toEqual({ known: false });
  });

  it('are slowed for a while by an operator, and no longer once that is taken back', async () => {
    const heard: unknown[] = [];
    const bucket = await bus.keyValue(buckets.throttles, { history: 1 });
    const watching = await bucket.watch('*', (value, key) =>
      heard.push([key, throttleSchema.parse(JSON.parse(Buffer.from(value).toString()))]),
    );
    const { keyId } = z.object({ keyId: z.string() }).parse((await admin('POST', '/admin/keys', { name: 'runaway' })).body);
    const path = `/admin/keys/${keyId}/throttle`;
    expect((await admin('GET', path)).body).toEqual({ throttle: null });
    const { status, body } = await admin('PUT', path, { requestsPerMinute: 5, minutes: 60, reason: 'looked into' });
    expect([status, body]).toEqual([
      200,
      { throttle: { requestsPerMinute: 5, until: expect.any(Number) as number, reason: 'looked into' } },
    ]);
    expect((await admin('GET', path)).body).toEqual(body);
    const { throttle } = z.object({ throttle: throttleSchema }).parse(body);
    expect(throttle.until).toBeGreaterThan(Date.now() + 59 * 60_000);
    expect((await admin('DELETE', path)).body).toEqual({ throttle: null });
    expect((await admin('GET', path)).body).toEqual({ throttle: null });
    await vi.waitFor(() => {
      expect(heard).toEqual([
        [keyId, throttle],
        [keyId, { ...throttle, until: expect.any(Number) as number }],
      ]);
    }, waiting);
    expect(throttleSchema.parse((heard[1] as unknown[])[1]).until).toBeLessThanOrEqual(Date.now());
    await watching.close();
    await admin('DELETE', `/admin/keys/${keyId}`);
  });

  it('live on over a restart', async () => {
    const { key } = z.object({ key: z.string() }).parse((await admin('POST', '/admin/keys', { name: 'lasting' })).body);
    await stopControl();
    control = startControl();
    await ready();
    expect(await authenticate(key)).toMatchObject({ known: true });
  });
});

describe('a file', () => {
  const organization = 'organizations: [{ name: acme, teams: [{ name: web, keys: [{ name: site, key: "${WEB_KEY}" }] }] }]';

  it('is activated when it appears, with its keys', async () => {
    await writeFile(file, `version: 1\n${organization}\n`);
    await vi.waitFor(async () => {
      expect(await authenticate('sk-sluice-web-key-for-tests')).toMatchObject({
        known: true,
        principal: { organization: 'acme', team: 'web' },
      });
    }, waiting);
    expect(await authenticate(bootstrapKey)).toEqual({ known: false });
  });

  it('with errors leaves the running version in force and says why', async () => {
    const version = await currentVersion();
    output = '';
    await writeFile(file, 'version: 1\nmodls: []\n');
    await vi.waitFor(() => {
      expect(output).toContain('modls: is not a field here');
    }, waiting);
    expect(await currentVersion()).toBe(version);
    expect(await authenticate('sk-sluice-web-key-for-tests')).toMatchObject({ known: true });
  });

  it('with errors lets the last good version start', async () => {
    const version = await currentVersion();
    await stopControl();
    control = startControl();
    await ready();
    expect(await currentVersion()).toBe(version);
    expect(output).toContain('the last good version goes on');
  });

  it('is read again on SIGHUP, and revokes the keys that are gone', async () => {
    await writeFile(file, 'version: 1\norganizations: [{ name: acme, teams: [{ name: web }] }]\n');
    control.kill('SIGHUP');
    await vi.waitFor(async () => {
      expect(await authenticate('sk-sluice-web-key-for-tests')).toEqual({ known: false });
    }, waiting);
  });

  it('does not bring back a key that an admin revoked', async () => {
    await writeFile(file, `version: 1\n${organization}\n`);
    await vi.waitFor(async () => {
      expect(await authenticate('sk-sluice-web-key-for-tests')).toMatchObject({ known: true });
    }, waiting);
    // Not from `published`: a key authenticates from memory before the snapshot that lists it has come here.
    const { keys } = (await admin('GET', '/admin/keys?organization=acme&team=web')).body;
    expect(keys).toMatchObject([{ name: 'site', source: 'file', revokedAt: null }]);
    const [{ keyId }] = z.tuple([z.object({ keyId: z.string() })]).parse(keys);
    expect(await admin('DELETE', `/admin/keys/${keyId}`)).toMatchObject({ status: 200, body: { keyId } });
    expect(await authenticate('sk-sluice-web-key-for-tests')).toEqual({ known: false });

    const version = await currentVersion();
    await writeFile(file, `version: 1\npolicies: [{ name: default, timeout: 9s }]\n${organization}\n`);
    let everKnown = false;
    // Published once it is in force; what Postgres has may not be in force yet.
    await vi.waitFor(async () => {
      everKnown ||= (await authenticate('sk-sluice-web-key-for-tests')).known;
      expect(published).toMatchObject({ version: version + 1, policies: [{ timeout: 9_000 }] });
    }, waiting);
    expect(everKnown).toBe(false);
    expect(published?.keys).toEqual([]);
    expect(await authenticate('sk-sluice-web-key-for-tests')).toEqual({ known: false });
  });
});

describe('the history', () => {
  it('has what control did', async () => {
    await vi.waitFor(async () => {
      const { events } = (await admin('GET', '/admin/audit?limit=500')).body;
      const actions = z
        .array(z.object({ action: z.string() }))
        .parse(events)
        .map((event) => event.action);
      expect(actions).toEqual(expect.arrayContaining(['configuration.activate', 'key.create', 'key.revoke']));
    }, waiting);
  });

  it('joins the requests of the ledger with their audit events', async () => {
    const requestId = `req_${randomUUID()}`;
    const publisher = await bus.createEventPublisher('guardrail');
    const data = { organization: 'acme', requestId, actor: 'guardrail', action: 'guard.block', outcome: 'blocked', detail: { score: 0.9 } };
    publisher.publish(subjects.audit('acme'), { id: randomUUID(), type: auditEventTypes.guard, subject: requestId, data });
    await publisher.flush(5_000);
    const row = {
      ...{
        requestId,
        outcome: 'refused',
        endedAt: 1,
        organization: 'acme',
        team: 'web',
        keyId: 'key_a',
        user: null,
        tags: {},
        dialect: 'openai-chat',
      },
      ...{ modelAsked: 'sim', provider: null, modelUsed: null, status: 403, errorCode: null, attempts: 0, usage: { input: 0, output: 0 } },
      ...{ costNanoUsd: null, cache: null, latencyMs: null, timeToFirstTokenMs: null },
    };
    const ledger = await bus.respond(calls.listRequests, () => ({ requests: [row] }));
    await vi.waitFor(async () => {
      expect((await admin('GET', '/admin/requests?limit=5')).body).toMatchObject({
        requests: [{ requestId, audit: [{ action: 'guard.block', detail: { score: 0.9 } }] }],
      });
    }, waiting);
    await ledger.close();
  });

  it('stores an event once, and goes on after one that is none', async () => {
    const id = randomUUID();
    bus.publish(subjects.audit('acme'), Buffer.from('not an event'));
    const publisher = await bus.createEventPublisher('guardrail');
    const data = { organization: 'once', actor: 'guardrail', action: 'guard.flag', outcome: 'flagged', detail: {} };
    publisher.publish(subjects.audit('acme'), { id, type: auditEventTypes.guard, subject: 'x', data });
    publisher.publish(subjects.audit('acme'), { id, type: auditEventTypes.guard, subject: 'x', data });
    await publisher.flush(5_000);
    await vi.waitFor(async () => {
      expect((await admin('GET', '/admin/audit?organization=once')).body).toMatchObject({ events: [{ eventId: id }] });
    }, waiting);
  });
});

describe('without Postgres', () => {
  const late = [randomUUID(), randomUUID()];

  it('goes on authenticating from memory, and says 503 to changes', async () => {
    const { key } = z
      .object({ key: z.string() })
      .parse((await admin('POST', '/admin/keys', { name: 'memory', organization: 'acme', team: 'web' })).body);
    await postgres.stop();
    expect(await authenticate(key)).toMatchObject({ known: true });
    expect(await admin('POST', '/admin/keys', { name: 'late', organization: 'acme', team: 'web' })).toMatchObject({ status: 503 });
  });

  it('keeps audit events until it is back, and gives none up', async () => {
    const publisher = await bus.createEventPublisher('masking');
    output = '';
    for (const id of late) {
      const data = { organization: 'late', actor: 'masking', action: 'guard.flag', outcome: 'flagged', detail: {} };
      publisher.publish(subjects.audit('late'), { id, type: auditEventTypes.guard, subject: 'x', data });
    }
    await publisher.flush(5_000);
    await vi.waitFor(() => {
      expect(output.split('\n').filter((line) => line.includes('control waits for it')).length).toBeGreaterThan(2);
    }, waiting);
    expect(output).not.toContain('batch failed');
  });

  it('waits for it at a start, and says so', async () => {
    await stopControl();
    control = startControl();
    await vi.waitFor(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain('waiting for Postgres');
      expect(output).toContain('Postgres does not answer; control waits for it');
    }, waiting);
    postgres = await startPostgres({ port: Number(new URL(postgres.url).port) });
    await ready();
    await vi.waitFor(async () => {
      const { events } = (await admin('GET', '/admin/audit?organization=late')).body;
      expect(z.array(z.object({ eventId: z.string() })).parse(events)).toHaveLength(late.length);
    }, waiting);
  }, 60_000);
});

describe('billing by the admin API', () => {
  const answering: Closable[] = [];
  afterAll(async () => {
    for (const answered of answering) await answered.close();
  });

  it('books a credit note for the author and says so in the audit log', async () => {
    let asked: unknown;
    answering.push(
      await bus.respond(ledgerCalls.creditNote, (note) => {
        asked = note;
        return { id: note.id, booked: true };
      }),
    );
    const body = { id: 'CN-7', organization: 'default', team: 'default', day: '2026-11-01', nanoUsd: '5', note: 'goodwill' };
    expect(await admin('POST', '/admin/credit-notes', body, { 'x-sluice-author': 'Ada' })).toMatchObject({
      status: 201,
      body: { id: 'CN-7' },
    });
    expect(asked).toMatchObject({ ...body, author: 'Ada' });
    await vi.waitFor(async () => {
      const { body: log } = await admin('GET', '/admin/audit?organization=default');
      expect(JSON.stringify(log)).toContain('ledger.credit');
    }, waiting);
  });

  it('starts a re-rating for the author, tells how far it came, and says so in the audit log', async () => {
    const job = {
      state: 'running' as const,
      applies: true,
      priceVersion: 'list-2',
      from: '2026-11-01',
      to: '2026-12-01',
      organization: 'default',
      reached: null,
      requests: 0,
      changed: 0,
      unpriced: 0,
      unresolved: 0,
      oldNanoUsd: '0',
      newNanoUsd: '0',
      differences: [],
    };
    let asked: unknown;
    answering.push(
      await bus.respond(ledgerCalls.rerate, (query) => {
        asked = query;
        return { ...job, id: query.id ?? 'made' };
      }),
      await bus.respond(ledgerCalls.readRerating, ({ id }) => ({ ...job, id, state: 'done' as const, requests: 7 })),
      await bus.respond(ledgerCalls.listReratings, () => ({ reratings: [{ ...job, id: 'november' }] })),
    );
    const body = { id: 'november', priceVersion: 'list-2', from: '2026-11-01', to: '2026-12-01', organization: 'default', apply: true };
    expect(await admin('POST', '/admin/reratings', body, { 'x-sluice-author': 'Ada' })).toMatchObject({
      status: 202,
      body: { id: 'november', state: 'running' },
    });
    expect(asked).toMatchObject({ ...body, author: 'Ada' });
    expect(await admin('GET', '/admin/reratings/november')).toMatchObject({ status: 200, body: { state: 'done', requests: 7 } });
    expect(await admin('GET', '/admin/reratings')).toMatchObject({ status: 200, body: { reratings: [{ id: 'november' }] } });
    await vi.waitFor(async () => {
      const { body: log } = await admin('GET', '/admin/audit?organization=default');
      expect(JSON.stringify(log)).toContain('ledger.rerate');
    }, waiting);
  });

  it('streams an export page after page', async () => {
    answering.push(
      await bus.respond(ledgerCalls.exportCharges, ({ after }) =>
        after === undefined ? { text: 'head\r\n', next: 'x' } : { text: 'row\r\n' },
      ),
    );
    const answer = await fetch(`http://127.0.0.1:${port}/admin/exports?format=csv&from=2026-11-01&to=2026-12-01`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.headers.get('content-type')).toContain('text/csv');
    expect(await answer.text()).toBe('head\r\nrow\r\n');
  });

  it('names the field of a query that is at fault', async () => {
    expect(await admin('GET', '/admin/statements?organization=acme&from=yesterday&to=2026-12-01')).toMatchObject({
      status: 400,
      body: { error: { param: 'from' } },
    });
  });
});
