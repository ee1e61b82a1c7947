import { type NatsServer, startNatsServer } from '@sluice/testing';
import fc from 'fast-check';
import { connect, type NatsConnection } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { openBus, serverBinary, soon } from './bus-bench.ts';
import { heartbeatMs, HeartbeatTable, presenceTimeoutMs } from './presence.ts';
import { defineStage, forward } from './stage.ts';

let server: NatsServer;
let connection: NatsConnection;
let table: HeartbeatTable;
let now: number;
const failures: object[] = [];

beforeAll(async () => {
  server = await startNatsServer(serverBinary);
});

afterAll(async () => {
  await server.stop();
});

beforeEach(async () => {
  now = 1_700_000_000_000;
  connection = await connect({ servers: server.url });
  table = new HeartbeatTable(connection, { error: (fields) => failures.push(fields) }, () => now);
});

afterEach(async () => {
  await table.close();
  await connection.close();
});

async function beat(instance: string, patch: object = {}, stage = 'router'): Promise<void> {
  connection.publish(`sluice.v1.presence.${stage}`, JSON.stringify({ instance, version: '0.1.0', inFlight: 0, capacity: 8, ...patch }));
  await connection.flush();
}

const stage = defineStage({
  name: 'router',
  version: '0.1.0',
  description: 'of the specs',
  concurrency: 8,
  queueLimit: 0,
  handle: () => forward(),
});

it('knows a served stage within a heartbeat, and that it left at once', async () => {
  const watcher = await openBus(server.url, 'ingress');
  const presence = await watcher.bus.watchPresence();
  const changes: [string, string, boolean][] = [];
  presence.onChange((...change) => changes.push(change));
  const served = await openBus(server.url, 'router');
  const closable = await served.bus.serveStage(stage);
  await vi.waitFor(
    () => {
      expect(presence.instances('router')).toEqual([{ instance: served.bus.instance, version: '0.1.0', inFlight: 0, capacity: 8 }]);
    },
    { timeout: heartbeatMs * 2, interval: 5 },
  );
  await closable.close();
  await vi.waitFor(
    () => {
      expect(presence.isLive('router')).toBe(false);
    },
    { timeout: heartbeatMs, interval: 5 },
  );
  expect(changes).toEqual([
    ['router', served.bus.instance, true],
    ['router', served.bus.instance, false],
  ]);
  await Promise.all([watcher.bus.close(), served.bus.close()]);
});

it('counts an instance as gone after the timeout, not before', async () => {
  await beat('router-1');
  now += presenceTimeoutMs;
  await beat('router-2');
  expect(table.isRunning('router-1')).toBe(true);
  now += 1;
  await vi.waitFor(() => {
    expect(table.isRunning('router-1')).toBe(false);
  }, soon);
  expect(table.instances('router').map(({ instance }) => instance)).toEqual(['router-2']);
});

it('takes an instance that leaves out of the stage, and keeps it as running while it says so', async () => {
  await beat('router-1');
  await beat('router-1', { leaving: true });
  expect(table.isLive('router')).toBe(false);
  expect(table.isRunning('router-1')).toBe(true);
  now += presenceTimeoutMs;
  await beat('router-1', { leaving: true });
  now += presenceTimeoutMs;
  expect(table.isRunning('router-1')).toBe(true);
  now += 1;
  await vi.waitFor(() => {
    expect(table.isRunning('router-1')).toBe(false);
  }, soon);
});

it('blames nobody for the silence of an outage', async () => {
  await beat('router-1');
  now += presenceTimeoutMs * 10;
  table.forgive();
  now += presenceTimeoutMs;
  await beat('router-2');
  expect(table.instances('router').length).toBe(2);
});

it('survives any bytes, and a listener that throws', async () => {
  table.onChange(() => {
    throw new Error('a listener failed');
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      connection.publish('sluice.v1.presence.router', text);
    }),
  );
  await beat('router-1');
  expect(table.instances('router').length).toBe(1);
  expect(failures.length).toBe(1);
});

it('bounds what a flood of names can fill', async () => {
  for (let index = 0; index < 5_000; index += 1) {
    connection.publish('sluice.v1.presence.flood', JSON.stringify({ instance: `i-${index}`, version: '0', inFlight: 0, capacity: 1 }));
  }
  await connection.flush();
  expect(table.instances('flood').length).toBe(4_096);
});

it('keeps every stage through a restart of the server', async () => {
  const own = await startNatsServer(serverBinary);
  const watcher = await openBus(own.url, 'ingress');
  const served = await openBus(own.url, 'router');
  const presence = await watcher.bus.watchPresence();
  const changes: boolean[] = [];
  await served.bus.serveStage(stage);
  await vi.waitFor(() => {
    expect(presence.isLive('router')).toBe(true);
  }, soon);
  presence.onChange((_stage, _instance, live) => changes.push(live));
  const back = Promise.all([watcher, served].map(({ bus }) => reconnected(bus)));
  await own.kill();
  const again = await startNatsServer({ ...serverBinary, port: own.port });
  await back;
  expect(presence.isLive('router')).toBe(true);
  expect(changes).toEqual([]);
  await Promise.all([watcher.bus.close(), served.bus.close()]);
  await Promise.all([again.stop(), own.stop()]);
});

function reconnected(bus: { onConnection(listener: (connected: boolean) => void): void }): Promise<void> {
  return new Promise((resolve) => {
    bus.onConnection((connected) => {
      if (connected) resolve();
    });
  });
}
