import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let proxy: TcpProxy;
let stopServer: () => void;
/** What the server has heard, from whomever. */
let heard: string;
let served: Socket[];

beforeEach(async () => {
  heard = '';
  served = [];
  const server = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard += bytes.toString();
      socket.write(`echo ${bytes.toString()}`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await startTcpProxy(address.port);
  stopServer = () => {
    for (const socket of served) socket.destroy();
    server.close();
  };
});

afterEach(async () => {
  await proxy.stop();
  stopServer();
});

async function open(): Promise<{ socket: Socket; answers: () => string }> {
  const socket = connect(proxy.port, '127.0.0.1');
  let answers = '';
  socket.on('data', (bytes) => (answers += bytes.toString()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return { socket, answers: () => answers };
}

it('passes bytes both ways, and more than a socket buffers', async () => {
  const { socket, answers } = await open();
  const much = 'x'.repeat(4_000_000);
  socket.write(much);
  await expect.poll(() => heard.length).toBe(much.length);
  await expect.poll(() => answers().replaceAll('echo ', '').length).toBe(much.length);
  socket.destroy();
});

it('holds back what a partition cuts, and delivers it once it heals', async () => {
  const { socket, answers } = await open();
  socket.write('one');
  await expect.poll(answers).toBe('echo one');
  proxy.cut('both');
  socket.write('two');
  const late = await open();
  late.socket.write('three');
  // Whatever comes after these turns of the clock would have come.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(heard).toBe('one');
  proxy.heal();
  await expect.poll(answers).toBe('echo oneecho two');
  await expect.poll(late.answers).toBe('echo three');
  socket.destroy();
  late.socket.destroy();
});

it('cuts one direction alone', async () => {
  const { socket, answers } = await open();
  socket.write('one');
  await expect.poll(answers).toBe('echo one');
  proxy.cut('to-client');
  socket.write('two');
  await expect.poll(() => heard).toBe('onetwo');
  expect(answers()).toBe('echo one');
  proxy.cut('to-server');
  await expect.poll(answers).toBe('echo oneecho two');
  served[0]?.write('!');
  socket.write('three');
  await expect.poll(answers).toBe('echo oneecho two!');
  expect(heard).toBe('onetwo');
  socket.destroy();
});

it('resets connections, and tells each side of the end of the other', async () => {
  const { socket } = await open();
  socket.write('one');
  await expect.poll(() => heard).toBe('one');
  expect(proxy.reset()).toBe(1);
  await expect.poll(() => socket.destroyed).toBe(true);
  await expect.poll(() => served[0]?.destroyed).toBe(true);
  const second = await open();
  second.socket.write('two');
  await expect.poll(() => heard).toBe('onetwo');
  served[1]?.end();
  await once(second.socket, 'close');
});
