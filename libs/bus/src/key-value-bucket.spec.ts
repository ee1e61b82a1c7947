import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer, type NatsServer } from '@sluice/testing';
import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type BusBench, openBus, serverBinary, soon } from './bus-bench.ts';
import type { KeyValue } from './bus.ts';

let storeDir: string;
let server: NatsServer;
let bench: BusBench;
let bucket: KeyValue;

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'sluice-kv-'));
  server = await startNatsServer({ ...serverBinary, storeDir });
  bench = await openBus(server.url, 'control');
  bucket = await bench.bus.keyValue('specs');
});

afterAll(async () => {
  await bench.bus.close();
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});

const put = (key: string, text: string) => bucket.put(key, Buffer.from(text));

it('gives what was put, and nothing for a key that never was', async () => {
  await put('plain', 'one');
  expect(Buffer.from((await bucket.get('plain')) ?? []).toString()).toBe('one');
  expect(await bucket.get('absent')).toBeUndefined();
});

it('tells the current value and every change, of its key only', async () => {
  await put('watched', 'one');
  const heard: string[] = [];
  const watch = await bucket.watch('watched', (value) => heard.push(Buffer.from(value).toString()));
  await put('other', 'no');
  await put('watched', 'two');
  await vi.waitFor(() => {
    expect(heard).toEqual(['one', 'two']);
  }, soon);
  await watch.close();
  await put('watched', 'three');
  await bucket.get('watched');
  expect(heard).toEqual(['one', 'two']);
});

it('names the key of what it tells, and of what is deleted', async () => {
  const heard: string[] = [];
  const watch = await bench.bus.keyValue('named').then((named) =>
    named.watch(
      '*',
      (value, key) => heard.push(`${key} ${Buffer.from(value).toString()}`),
      (key) => heard.push(`${key} deleted`),
    ),
  );
  const connection = await connect({ servers: server.url });
  const store = await connection.jetstream().views.kv('named');
  await store.put('one', Buffer.from('1'));
  await store.delete('one');
  await connection.close();
  await vi.waitFor(() => {
    expect(heard).toEqual(['one 1', 'one deleted']);
  }, soon);
  await watch.close();
});

it('goes on after a listener threw', async () => {
  const heard: string[] = [];
  const watch = await bucket.watch('throwing', (value) => {
    heard.push(Buffer.from(value).toString());
    throw new Error('not taken');
  });
  await put('throwing', 'one');
  await put('throwing', 'two');
  await vi.waitFor(() => {
    expect(heard).toEqual(['one', 'two']);
  }, soon);
  expect(bench.lines.filter((line) => line.message === 'a watched value was not taken over').length).toBe(2);
  await watch.close();
});

it('hears changes again soon after the server was killed and is back', async () => {
  await put('lasting', 'before');
  const heard: string[] = [];
  const watch = await bucket.watch('lasting', (value) => heard.push(Buffer.from(value).toString()));
  await vi.waitFor(() => {
    expect(heard).toEqual(['before']);
  }, soon);
  await server.kill();
  await vi.waitFor(() => {
    expect(bench.bus.connected).toBe(false);
  }, soon);
  server = await startNatsServer({ ...serverBinary, storeDir, port: server.port });
  await vi.waitFor(() => put('lasting', 'after'), soon);
  // The client's own watch would need ten seconds and more.
  await vi.waitFor(
    () => {
      expect(heard.at(-1)).toBe('after');
    },
    { timeout: 5_000, interval: 10 },
  );
  await watch.close();
});

it('follows all keys, and lets values end where it is told so', async () => {
  const short = await bench.bus.keyValue('short', { maxAgeMs: 300, history: 1 });
  const heard: string[] = [];
  const watch = await short.watch('*', (value) => heard.push(Buffer.from(value).toString()));
  await short.put('one', Buffer.from('1'));
  await short.put('two', Buffer.from('2'));
  await vi.waitFor(() => {
    expect(heard).toEqual(['1', '2']);
  }, soon);
  await vi.waitFor(async () => {
    expect(await short.get('one')).toBeUndefined();
  }, soon);
  await watch.close();
});

describe('replace', () => {
  const text = (value: string) => Buffer.from(value);

  it('puts a first value once, and another only over the one that was read', async () => {
    expect(await bucket.replace('turns', text('one'), undefined)).toBe(true);
    expect(await bucket.replace('turns', text('also one'), undefined)).toBe(false);
    const first = await bucket.entry('turns');
    expect(await bucket.replace('turns', text('two'), first?.revision)).toBe(true);
    expect(await bucket.replace('turns', text('late'), first?.revision)).toBe(false);
    expect(Buffer.from((await bucket.get('turns')) ?? []).toString()).toBe('two');
  });

  it('puts a value where one was deleted', async () => {
    await put('deleted', 'one');
    const connection = await connect({ servers: server.url });
    await connection
      .jetstream()
      .views.kv('specs')
      .then((store) => store.delete('deleted'));
    await connection.close();
    expect(await bucket.entry('deleted')).toBeUndefined();
    expect(await bucket.replace('deleted', text('two'), undefined)).toBe(true);
  });

  it('throws where nobody can say whether it happened', async () => {
    await expect(bucket.replace('large', Buffer.alloc(bench.bus.maxPayloadBytes + 1), undefined)).rejects.toThrow();
  });
});
