import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus, KeyValue } from '@sluice/bus';
import { startNatsServer, type NatsServer } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { FollowedConfiguration } from './configuration-store.ts';
import { makeSnapshot, openBus, readableLog } from './runtime-bench.ts';

const soon = { timeout: 10_000, interval: 10 };
let server: NatsServer;
let bus: Bus;
let bucket: KeyValue;
let directory: string;
const open: FollowedConfiguration[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-runtime-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  server = await startNatsServer();
  bus = await openBus(server.url);
  bucket = await bus.keyValue('config');
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()));
  await bus.close();
  await server.stop();
});

const put = (value: unknown) => bucket.put('snapshot', Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

async function openStore(service: string, from: Bus = bus) {
  const { log, lines } = readableLog();
  const store = await FollowedConfiguration.open(from, directory, service, log);
  open.push(store);
  return { store, lines };
}

async function savedVersion(service: string): Promise<unknown> {
  const text = await readFile(join(directory, 'last-good', `${service}.json`), 'utf8');
  return (JSON.parse(text) as { version: unknown }).version; // written by the store itself
}

it('takes the first snapshot from the bus and keeps it on disk', async () => {
  await put(makeSnapshot(3));
  const { store } = await openStore('first');
  expect(store.current.version).toBe(3);
  await vi.waitFor(async () => {
    expect(await savedVersion('first')).toBe(3);
  }, soon);
});

it('waits for a first snapshot where neither bus nor disk has one', async () => {
  const opening = openStore('patient');
  await put(makeSnapshot(1));
  expect((await opening).store.current.version).toBe(1);
});

it('swaps in a new snapshot, tells its listeners once, and keeps it on disk', async () => {
  await put(makeSnapshot(1));
  const { store } = await openStore('swap');
  const heard: number[] = [];
  store.onChange((snapshot) => heard.push(snapshot.version));
  await put(makeSnapshot(1));
  await put(makeSnapshot(2));
  await vi.waitFor(() => {
    expect(store.current.version).toBe(2);
  }, soon);
  expect(heard).toEqual([2]);
  await vi.waitFor(async () => {
    expect(await savedVersion('swap')).toBe(2);
  }, soon);
});

it('takes the same version published again with other content', async () => {
  await put(makeSnapshot(1, 'first'));
  const { store } = await openStore('again');
  await put(makeSnapshot(1, 'second'));
  await vi.waitFor(() => {
    expect(store.current.activatedAt).toBe('second');
  }, soon);
});

it.each(['not json', '{}', 'null', '{"version":"2"}'])('keeps the one in force where the bucket holds %j', async (text) => {
  await put(makeSnapshot(1));
  const { store, lines } = await openStore('strict');
  await put(text);
  await vi.waitFor(() => {
    expect(lines.map((line) => line.msg)).toContain('the bucket holds no snapshot that this version can read; keeping the one in force');
  }, soon);
  expect(store.current.version).toBe(1);
  await vi.waitFor(async () => {
    expect(await savedVersion('strict')).toBe(1);
  }, soon);
});

it('starts from disk while control has published nothing, and swaps when it does', async () => {
  await mkdir(join(directory, 'last-good'), { recursive: true });
  await writeFile(join(directory, 'last-good', 'alone.json'), JSON.stringify(makeSnapshot(7)));
  const { store, lines } = await openStore('alone');
  expect(store.current.version).toBe(7);
  expect(lines.map((line) => line.msg)).toContain('control has published nothing; using the last good configuration from disk');
  await put(makeSnapshot(8));
  await vi.waitFor(() => {
    expect(store.current.version).toBe(8);
  }, soon);
});

it('starts from disk while the bucket cannot be opened, and follows it when it can', async () => {
  await mkdir(join(directory, 'last-good'), { recursive: true });
  await writeFile(join(directory, 'last-good', 'cut.json'), JSON.stringify(makeSnapshot(5)));
  await put(makeSnapshot(6));
  let away = true;
  const partly: Bus = Object.create(bus, {
    keyValue: { value: (name: string) => (away ? Promise.reject(new Error('JetStream is away')) : bus.keyValue(name)) },
  }) as Bus; // the real bus, but for the one method
  const { store, lines } = await openStore('cut', partly);
  expect(store.current.version).toBe(5);
  expect(lines.map((line) => line.msg)).toContain('the configuration bucket is out of reach; trying again');
  away = false;
  await vi.waitFor(() => {
    expect(store.current.version).toBe(6);
  }, soon);
});

it('is kept whole where replicas share the disk', async () => {
  await put(makeSnapshot(1));
  const replicas = await Promise.all(Array.from({ length: 4 }, () => openStore('shared')));
  for (let version = 2; version <= 30; version += 1) await put(makeSnapshot(version));
  for (const { store } of replicas)
    await vi.waitFor(() => {
      expect(store.current.version).toBe(30);
    }, soon);
  await Promise.all(open.splice(0).map((store) => store.close()));
  expect(replicas.flatMap(({ lines }) => lines).filter((line) => JSON.stringify(line).includes('could not be saved'))).toEqual([]);
  expect(await savedVersion('shared')).toBe(30);
  expect((await readdir(join(directory, 'last-good'))).filter((name) => name.includes('shared'))).toEqual(['shared.json']);
});
