import { setImmediate as turn } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer, type NatsServer } from '@sluice/testing';
import { connect } from 'nats';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openBus, serverBinary, soon } from './bus-bench.ts';
import type { UnsequencedEvent } from './bus.ts';

let storeDir: string;
let server: NatsServer;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'sluice-events-'));
  server = await startNatsServer({ ...serverBinary, storeDir });
});

afterAll(async () => {
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});

function makeEvent(id: string): UnsequencedEvent {
  const data = { organization: 'acme', actor: 'admin', action: 'tested', outcome: 'ok', detail: {} };
  return { id, type: 'com.sluice.audit.access.v1', subject: id, data };
}

async function openPublisher(name: string) {
  const bench = await openBus(server.url, name);
  const subject = `sluice.v1.audit.${name}`;
  await bench.bus.ensureStream({ name: name.toUpperCase(), subjects: [subject], maxAgeMs: 60_000, duplicateWindowMs: 60_000 });
  return { ...bench, subject, publisher: await bench.bus.createEventPublisher(name) };
}

/** Everything that a stream holds, by direct reading. */
async function stored(stream: string): Promise<{ id: string; source: string; sequence: string; specversion: string }[]> {
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  const { state } = await manager.streams.info(stream);
  const events = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage(stream, { seq });
    events.push(message.json<{ id: string; source: string; sequence: string; specversion: string }>());
  }
  await connection.close();
  return events;
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index + 1));

it('stores complete events of one source, numbered from 1 without a gap', async () => {
  const { bus, publisher, subject } = await openPublisher('plain');
  for (const id of numbers(50)) publisher.publish(subject, makeEvent(id));
  await publisher.flush(10_000);
  expect(publisher.unacknowledged).toBe(0);
  const events = await stored('PLAIN');
  expect(events.map((event) => event.sequence)).toEqual(numbers(50));
  expect(new Set(events.map((event) => event.source))).toEqual(new Set([`sluice/plain/${bus.instance}`]));
  expect(events[0]).toMatchObject({
    specversion: '1.0',
    id: '1',
    datacontenttype: 'application/json',
    time: expect.stringMatching(/^\d{4}-/) as string,
  });
  await bus.close();
});

it('stores an id once, however often it is published', async () => {
  const { bus, publisher, subject } = await openPublisher('repeats');
  for (const id of ['a', 'b', 'a', 'a']) publisher.publish(subject, makeEvent(id));
  await publisher.flush(10_000);
  expect((await stored('REPEATS')).map((event) => event.id)).toEqual(['a', 'b']);
  await bus.close();
});

it('keeps events that no stream takes, says so, and stores them in order when one does', async () => {
  const bench = await openBus(server.url, 'early');
  const publisher = await bench.bus.createEventPublisher('early');
  for (const id of numbers(20)) publisher.publish('sluice.v1.audit.early', makeEvent(id));
  await vi.waitFor(() => {
    expect(bench.lines.map((line) => line.message)).toContain('event not stored; it will be published again');
  }, soon);
  await expect(publisher.flush(1)).rejects.toThrow('20 events are not stored yet');
  await bench.bus.ensureStream({ name: 'EARLY', subjects: ['sluice.v1.audit.early'], maxAgeMs: 60_000, duplicateWindowMs: 60_000 });
  await publisher.flush(10_000);
  expect((await stored('EARLY')).map((event) => event.sequence)).toEqual(numbers(20));
  await bench.bus.close();
});

it('stores every event once and in order though the server is killed twice meanwhile', async () => {
  const { bus, publisher, subject } = await openPublisher('outage');
  const total = 6_000;
  let published = 0;
  const publishing = (async () => {
    while (published < total) {
      for (let burst = 0; burst < 5; burst += 1) {
        published += 1;
        publisher.publish(subject, makeEvent(`event-${published}`));
      }
      await turn();
      if (published % 1_000 === 0) await untilOutageMoved(published / 1_000);
    }
  })();
  let moves = 0;
  async function untilOutageMoved(least: number): Promise<void> {
    await vi.waitFor(() => {
      expect(moves).toBeGreaterThanOrEqual(Math.min(least, 4));
    }, soon);
  }
  for (let kill = 0; kill < 2; kill += 1) {
    await vi.waitFor(() => {
      expect(published - publisher.unacknowledged).toBeGreaterThan(kill === 0 ? 200 : 1_200);
    }, soon);
    moves += 1;
    await server.kill();
    moves += 1;
    await vi.waitFor(() => {
      expect(bus.connected).toBe(false);
    }, soon);
    const publishedAtOutage = published;
    await vi.waitFor(() => {
      expect(published).toBeGreaterThan(publishedAtOutage - 1);
    }, soon);
    server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  }
  await publishing;
  await publisher.flush(15_000);
  const events = await stored('OUTAGE');
  expect(events.length).toBe(total);
  expect(events.map((event) => event.sequence)).toEqual(numbers(total));
  await bus.close();
}, 60_000);
