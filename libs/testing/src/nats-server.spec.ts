import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { startNatsServer, waitForNats } from './nats-server.ts';

async function greeting(port: number): Promise<{ jetstream: boolean; max_payload: number }> {
  const socket = connect(port, '127.0.0.1');
  const [bytes] = (await once(socket, 'data')) as [Buffer]; // A socket without encoding emits buffers.
  socket.destroy();
  return JSON.parse(bytes.toString().replace(/^INFO /, '')) as { jetstream: boolean; max_payload: number };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('starts a server with JetStream and the payload limit asked for, and ends it', async () => {
  const server = await startNatsServer({ maxPayloadBytes: 2_097_152 });
  expect(await greeting(server.port)).toMatchObject({ jetstream: true, max_payload: 2_097_152 });
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
});

it('starts again on the same port after a kill', async () => {
  const first = await startNatsServer();
  await first.kill();
  const second = await startNatsServer({ port: first.port });
  expect((await greeting(first.port)).jetstream).toBe(true);
  await second.stop();
  await first.stop();
});

it('says in the server’s words why it did not start', async () => {
  const server = await startNatsServer();
  await expect(startNatsServer({ port: server.port })).rejects.toThrow(/address already in use/);
  await server.stop();
});

it('dies with a parent that is killed', async () => {
  const index = fileURLToPath(new URL('./index.ts', import.meta.url));
  const code = `import(${JSON.stringify(index)}).then(async (testing) => { const s = await testing.startNatsServer(); console.log(s.pid + ' ' + s.port); })`;
  const parent = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]; // The stream has no encoding.
  // Printed as one string: numbers of their own come in colour where FORCE_COLOR is set, as Nx does.
  const [pid = 0, port = 0] = line.toString().split(' ').map(Number);
  await waitForNats(port, 5_000);
  parent.kill('SIGKILL');
  await vi.waitFor(() => {
    expect(isAlive(pid)).toBe(false);
  }, 5_000);
});
