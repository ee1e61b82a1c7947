import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectKind, openRouter } from './router-harness.ts';
import { type ScriptedProvider, startScriptedProvider } from './scripted-provider.ts';

const body = { model: 'chat', messages: [{ role: 'user', content: 'Hello.' }] };

let folder: string;
let well: ScriptedProvider;
/** Takes connections and says nothing: a TLS connection to it never stands. */
let silent: Server;
/** Speaks TLS with a certificate of an authority that nobody knows. */
let privateServer: TlsServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-provider-tls-'));
  makeCertificates();
  well = await startScriptedProvider();
  silent = createServer(() => undefined);
  const [key, cert] = await Promise.all([readFile(file('server.key')), readFile(file('server.pem'))]);
  privateServer = createTlsServer({ key, cert }, (_, response) => {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'Privately.' }, finish_reason: 'stop' }];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id: 'c', choices }));
  });
  await Promise.all([silent, privateServer].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));
});
afterAll(async () => {
  privateServer.closeAllConnections();
  privateServer.close();
  silent.close();
  await well.stop();
  await rm(folder, { recursive: true, force: true });
});

function file(name: string): string {
  return join(folder, name);
}

function addressOf(server: Server): string {
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return `https://127.0.0.1:${port}/v1`;
}

/** An authority of our own, and under it a certificate for 127.0.0.1. */
function makeCertificates(): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  openssl('req', '-x509', ...fresh, '-subj', '/CN=Private authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  const name = ['-subj', '/CN=provider', '-addext', 'subjectAltName=IP:127.0.0.1'];
  openssl('req', '-x509', ...fresh, ...name, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-keyout', 'server.key', '-out', 'server.pem');
}

function routerTo(baseUrl: string, connect: string, others: readonly string[]) {
  return openRouter({
    providers: [
      { name: 'first', type: 'openai-compatible', apis: ['chat'], baseUrl, timeouts: { connect } },
      { name: 'well', type: 'openai-compatible', apis: ['chat'], baseUrl: well.url },
    ],
    models: [{ name: 'chat', targets: ['first', ...others].map((provider) => ({ provider, model: 'sim' })), retries: { maxAttempts: 1 } }],
  });
}

describe('a connection that does not come to stand', () => {
  it('is given up at its time limit, and the next target is asked', async () => {
    const router = routerTo(addressOf(silent), '150ms', ['well']);
    const startedAt = performance.now();
    const { answer } = expectKind(await router.ask(body), 'reply');
    expect(answer).toMatchObject({ provider: 'well', attempts: [{ provider: 'first', status: 0, failure: 'connect' }, { status: 200 }] });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(145);
    // The usual limit is five seconds.
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await router.close();
  });

  it('is told of as out of reach where there is no other', async () => {
    const router = routerTo(addressOf(silent), '100ms', []);
    const { error } = expectKind(await router.ask(body), 'refuse');
    expect(error.code).toBe('model_unavailable');
    expect(error.message).toContain('first: connect');
    await router.close();
  });
});

describe('a provider whose certificate is of an unknown authority', () => {
  it('is not spoken to: the next target is asked', async () => {
    const router = routerTo(addressOf(privateServer), '5s', ['well']);
    const { answer } = expectKind(await router.ask(body), 'reply');
    expect(answer).toMatchObject({ provider: 'well', attempts: [{ provider: 'first', status: 0, failure: 'tls' }, { status: 200 }] });
    await router.close();
  });

  it('is spoken to by a router that is told of the authority', async () => {
    const script = `
      import { openRouter } from ${JSON.stringify(new URL('./router-harness.ts', import.meta.url).href)};
      const router = openRouter({
        providers: [{ name: 'first', type: 'openai-compatible', apis: ['chat'], baseUrl: ${JSON.stringify(addressOf(privateServer))} }],
        models: [{ name: 'chat', targets: [{ provider: 'first', model: 'sim' }] }],
      });
      const outcome = await router.ask(${JSON.stringify(body)});
      console.log(outcome.kind === 'reply' ? Buffer.from(outcome.body).toString() : outcome.error.message);
      await router.close();
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: file('ca.pem') },
    });
    expect(stdout).toContain('Privately.');
  });
});
