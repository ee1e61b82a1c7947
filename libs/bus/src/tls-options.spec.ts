import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, findFreePort, startNatsServer, tiedCommand, waitForNats } from '@sluice/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openBus, serverBinary } from './bus-bench.ts';
import { connectCoalescing } from './coalescing-transport.ts';
import { tlsOptions, type BusTls } from './tls-options.ts';

let folder: string;
let port: number;
let server: ChildProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tls-'));
  port = await findFreePort();
  makeCertificates();
  const configuration = `
listen: "127.0.0.1:${port}"
jetstream { store_dir: ${JSON.stringify(join(folder, 'store'))} }
tls { cert_file: ${JSON.stringify(file('server.pem'))}, key_file: ${JSON.stringify(file('server.key'))}, ca_file: ${JSON.stringify(file('ca.pem'))}, verify: true }
`;
  await writeFile(file('nats.conf'), configuration);
  const { command, args } = tiedCommand(serverBinary.bin ?? 'nats-server', ['-c', file('nats.conf')]);
  server = spawn(command, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  await waitForNats(port, 20_000);
}, 60_000);

afterAll(async () => {
  await endChild(server);
  await rm(folder, { recursive: true, force: true });
});

function file(name: string): string {
  return join(folder, name);
}

/** An authority of our own, and under it a certificate for the server and one for a client. */
function makeCertificates(): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  openssl('req', '-x509', ...key, '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  for (const name of ['server', 'client']) {
    const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=CA:FALSE'];
    openssl('req', '-x509', ...key, ...signed, '-subj', '/CN=localhost', '-keyout', `${name}.key`, '-out', `${name}.pem`);
  }
}

function certificates() {
  return { caFile: file('ca.pem'), certFile: file('client.pem'), keyFile: file('client.key') };
}

it.each(['nats', 'tls'])('carries small and large messages over TLS with an address %s://', async (scheme) => {
  const { bus } = await openBus(`${scheme}://localhost:${port}`, 'ingress', { tls: certificates() });
  const heard: number[] = [];
  bus.subscribe('sluice.v1.test', (data) => heard.push(data.byteLength));
  for (const size of [1, 500_000, 10]) bus.publish('sluice.v1.test', new Uint8Array(size));
  await vi.waitFor(() => {
    expect(heard).toEqual([1, 500_000, 10]);
  }, 10_000);
  await bus.close();
});

/** One attempt: the bus itself would wait for a server that it can trust. */
async function connectOnce(address: string, tls?: BusTls): Promise<void> {
  const options = { servers: [address], maxReconnectAttempts: 0, ...tlsOptions([address], tls) };
  const connection = await connectCoalescing(options, { requests: () => 0 });
  await connection.close();
}

it('refuses a server whose certificate no known authority signed', async () => {
  const { certFile, keyFile } = certificates();
  await expect(connectOnce(`tls://localhost:${port}`, certificates())).resolves.toBeUndefined();
  await expect(connectOnce(`tls://localhost:${port}`, { certFile, keyFile })).rejects.toThrow(/certificate/);
});

it('does not speak in clear with a server that has no TLS where the address says tls://', async () => {
  const plain = await startNatsServer(serverBinary);
  await expect(connectOnce(plain.url)).resolves.toBeUndefined();
  await expect(connectOnce(plain.url.replace('nats://', 'tls://'))).rejects.toThrow(/tls/i);
  await plain.stop();
});
