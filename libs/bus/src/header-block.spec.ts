import { type NatsServer, startNatsServer } from '@sluice/testing';
import fc from 'fast-check';
import { connect, type Msg, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { serverBinary, soon } from './bus-bench.ts';
import { HeaderBlock, headerValue } from './header-block.ts';

let server: NatsServer;
let connection: NatsConnection;
const heard: Msg[] = [];

beforeAll(async () => {
  server = await startNatsServer(serverBinary);
  connection = await connect({ servers: server.url });
  connection.subscribe('headers', {
    callback: (_error, message) => {
      heard.push(message);
    },
  });
});

afterAll(async () => {
  await connection.close();
  await server.stop();
});

async function roundTrip(block: HeaderBlock): Promise<Msg> {
  const before = heard.length;
  connection.publish('headers', 'x', { headers: block.forPublish() });
  await vi.waitFor(() => {
    expect(heard.length).toBeGreaterThan(before);
  }, soon);
  const message = heard[before];
  if (message === undefined) throw new Error('nothing was heard');
  return message;
}

it('is read back by the client library after a way through the server', async () => {
  const message = await roundTrip(
    new HeaderBlock().set('Sluice-Slip', 'a,b').set('Sluice-Deadline', 1_700_000_000_000).set('Absent', undefined),
  );
  expect([...(message.headers ?? [])]).toEqual([
    ['Sluice-Slip', ['a,b']],
    ['Sluice-Deadline', ['1700000000000']],
  ]);
});

it('carries no header without a set', async () => {
  expect([...((await roundTrip(new HeaderBlock())).headers ?? [])]).toEqual([]);
});

it('keeps one line a value, whatever the value holds', async () => {
  const hostile = ['a\r\nSluice-Type: final', 'b\nInjected: 1', 'c\u010d\u010aInjected: 1', 'd\u0000e', 'f\r\n\r\nbody'];
  for (const value of hostile) {
    const message = await roundTrip(new HeaderBlock().set('tracestate', value).set('Last', 'kept'));
    expect([...(message.headers ?? [])].map(([name]) => name)).toEqual(['tracestate', 'Last']);
    expect(message.string()).toBe('x');
  }
});

it('gives printable ASCII of a bounded length for any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(headerValue(text)).toMatch(/^[\x20-\x7e]{0,1024}$/);
      const lines = Buffer.from(new HeaderBlock().set('tracestate', text).encode())
        .toString('latin1')
        .split(/[\r\n]+/);
      expect(lines.length).toBe(3);
    }),
  );
});
