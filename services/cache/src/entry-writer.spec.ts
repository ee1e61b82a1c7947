import { hash } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import type { KeyedEntry } from './entry.ts';
import { EntryWriter } from './entry-writer.ts';

const entry = (name: string, bytes = 10): KeyedEntry => ({
  key: hash('sha256', name, 'buffer'),
  organization: 'o',
  team: 't',
  head: { provider: 'p', providerModel: name, finishReason: 'stop', usage: { input: 1, output: 1 } },
  body: new Uint8Array(bytes),
  storedAt: 0,
  expiresAt: 1,
});

it('writes one row for a key that was offered twice, the newer one', async () => {
  const rows: KeyedEntry[] = [];
  const writer = new EntryWriter({
    insert: (entries) => Promise.resolve(void rows.push(...entries)),
    onWritten: () => undefined,
    onDropped: () => undefined,
    onFailure: () => undefined,
  });
  writer.offer('k', entry('old'));
  writer.offer('k', entry('new'));
  await writer.close();
  expect(rows.map(({ head }) => head.providerModel)).toEqual(['new']);
});

it('drops the oldest beyond its bounds and counts them', async () => {
  let dropped = 0;
  const rows: KeyedEntry[] = [];
  const writer = new EntryWriter({
    insert: (entries) => Promise.resolve(void rows.push(...entries)),
    onWritten: () => undefined,
    onDropped: (count) => (dropped += count),
    onFailure: () => undefined,
  });
  for (let index = 0; index < 40; index += 1) writer.offer(`k${index}`, entry(`n${index}`, 1024 * 1024));
  await writer.close();
  expect([dropped, rows.length, rows.at(-1)?.head.providerModel]).toEqual([8, 32, 'n39']);
});

it('writes what failed when Postgres is back', async () => {
  let away = true;
  const rows: KeyedEntry[] = [];
  const failures: unknown[] = [];
  const writer = new EntryWriter({
    insert: (entries) => (away ? Promise.reject(new Error('away')) : Promise.resolve(void rows.push(...entries))),
    onWritten: () => undefined,
    onDropped: () => undefined,
    onFailure: (error) => failures.push(error),
  });
  writer.offer('k', entry('a'));
  await vi.waitFor(() => {
    expect(failures).toHaveLength(1);
  });
  away = false;
  await vi.waitFor(
    () => {
      expect(rows).toHaveLength(1);
    },
    { timeout: 5_000 },
  );
  await writer.close();
});
