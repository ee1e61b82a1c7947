import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadPepper } from './pepper.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-pepper-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

it('makes a pepper once, for the owner only', async () => {
  const [first, second] = await Promise.all([loadPepper(undefined, directory), loadPepper(undefined, directory)]);
  expect(first).toEqual(second);
  expect((await stat(join(directory, 'key-pepper'))).mode & 0o777).toBe(0o600);
});

it('prefers the environment', async () => {
  expect(await loadPepper('p'.repeat(32), directory)).toEqual(Buffer.from('p'.repeat(32)));
});

it('refuses a damaged file, naming it', async () => {
  await writeFile(join(directory, 'key-pepper'), 'abc');
  await expect(loadPepper(undefined, directory)).rejects.toThrow(/key-pepper must hold 64 hex digits/);
});
