/** Streams in real clusters of nats-server. */
import { setImmediate as turn } from 'node:timers/promises';
import { buckets } from '@sluice/contracts';
import { startNatsCluster, startNatsServer, type NatsCluster } from '@sluice/testing';
import { connect, type NatsConnection, type StreamInfo } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openBus, serverBinary, soon } from './bus-bench.ts';
import { ClaimCheck } from './claim-check.ts';
import { StreamStore } from './stream-store.ts';

const definition = (name: string) => ({
  name,
  subjects: [`sluice.v1.audit.${name.toLowerCase()}`],
  maxAgeMs: 3_600_000,
  duplicateWindowMs: 600_000,
});

async function infoOf(connection: NatsConnection, name: string): Promise<StreamInfo> {
  return (await connection.jetstreamManager()).streams.info(name);
}

describe('in a cluster of three', () => {
  let cluster: NatsCluster;
  let connection: NatsConnection;

  beforeAll(async () => {
    cluster = await startNatsCluster(serverBinary);
    connection = await connect({ servers: cluster.urls.split(',') });
  });

  afterAll(async () => {
    await connection.close();
    await cluster.stop();
  });

  it('streams, buckets and the store of large bodies have three replicas', async () => {
    const { bus, lines } = await openBus(cluster.urls, 'replicated');
    await bus.ensureStream(definition('REPLICATED'));
    await bus.keyValue('replicated');
    const streams = new StreamStore(connection, undefined, { warn: () => undefined });
    await new ClaimCheck(connection, 1_048_576, streams).put('body', Buffer.alloc(1_000_000));
    for (const name of ['REPLICATED', 'KV_replicated', `OBJ_${buckets.bodies}`]) {
      await vi.waitFor(async () => {
        expect((await infoOf(connection, name)).config.num_replicas).toBe(3);
      }, soon);
    }
    expect(lines.filter(({ level }) => level !== 'info')).toEqual([]);
    await bus.close();
  });

  it('a stream from before the cluster gets its replicas when it is ensured, and keeps what it holds', async () => {
    const { bus } = await openBus(cluster.urls, 'raised');
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: 'RAISED', subjects: definition('RAISED').subjects, num_replicas: 1 });
    await connection.jetstream().publish('sluice.v1.audit.raised', 'kept');
    await bus.ensureStream(definition('RAISED'));
    const { config, state } = await infoOf(connection, 'RAISED');
    expect([config.num_replicas, state.messages]).toEqual([3, 1]);
    await bus.close();
  });

  it('has as many as it was told', async () => {
    const { bus } = await openBus(cluster.urls, 'told', { streamReplicas: 1 });
    await bus.ensureStream(definition('TOLD'));
    expect((await infoOf(connection, 'TOLD')).config.num_replicas).toBe(1);
    await bus.close();
  });

  it('loses no event when the server is killed that leads the stream', async () => {
    const { bus } = await openBus(cluster.urls, 'survivor');
    await bus.ensureStream(definition('SURVIVOR'));
    const publisher = await bus.createEventPublisher('survivor');
    const total = 2_000;
    const leader = (await infoOf(connection, 'SURVIVOR')).cluster?.leader ?? '';
    const place = Number(leader.replace('sluice-', ''));
    let killed: Promise<void> | undefined;
    for (let published = 1; published <= total; published += 1) {
      const data = { organization: 'acme', actor: 'specs', action: 'published', outcome: 'ok', detail: {} };
      publisher.publish('sluice.v1.audit.survivor', {
        id: `survivor-${published}`,
        type: 'com.sluice.audit.access.v1',
        subject: 'acme',
        data,
      });
      if (published === total / 2) killed = cluster.kill(place);
      if (published % 10 === 0) await turn();
    }
    await killed;
    await vi.waitFor(
      () => {
        expect(publisher.unacknowledged).toBe(0);
      },
      { timeout: 90_000, interval: 50 },
    );
    await cluster.start(place);
    await vi.waitFor(async () => {
      const { cluster: members } = await infoOf(connection, 'SURVIVOR'); // a reader may be given to any of the three
      expect(members?.replicas?.map(({ current }) => current)).toEqual([true, true]);
    }, soon);
    const sequences: number[] = [];
    const reader = await openBus(cluster.urls, 'reader');
    await reader.bus.readStream({
      stream: 'SURVIVOR',
      since: 0,
      handle: (bytes) => sequences.push(Number((JSON.parse(Buffer.from(bytes).toString()) as { sequence: string }).sequence)),
    });
    expect(sequences.length).toBe(total);
    expect(sequences.sort((left, right) => left - right)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    await Promise.all([bus.close(), reader.bus.close()]);
  }, 240_000);
});

it('a cluster of two gives one replica, and the log says that more are wanted', async () => {
  const cluster = await startNatsCluster({ ...serverBinary, size: 2 });
  const connection = await connect({ servers: cluster.urls.split(',') });
  const { bus, lines } = await openBus(cluster.urls, 'short');
  await bus.ensureStream(definition('SHORT'));
  expect((await infoOf(connection, 'SHORT')).config.num_replicas).toBe(1);
  expect(lines.map(({ message }) => message)).toContain('a stream has fewer replicas than it should; they are asked for again');
  await bus.close();
  await connection.close();
  await cluster.stop();
}, 120_000);

it('a single server is asked for one replica', async () => {
  const server = await startNatsServer(serverBinary);
  const { bus, lines } = await openBus(server.url, 'single');
  await bus.ensureStream(definition('SINGLE'));
  await bus.ensureStream({ ...definition('SINGLE'), maxAgeMs: 900_000 });
  const connection = await connect({ servers: server.url });
  const { config } = await infoOf(connection, 'SINGLE');
  expect([config.num_replicas, config.max_age]).toEqual([1, 900_000_000_000]);
  expect(lines).toEqual([]);
  await connection.close();
  await bus.close();
  await server.stop();
});
