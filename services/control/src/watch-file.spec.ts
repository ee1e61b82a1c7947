import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchFile } from './watch-file.ts';

let directory = '';
let changes = 0;
let stop = (): void => undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-watch-'));
  changes = 0;
  stop = watchFile(join(directory, 'sluice.yaml'), () => {
    changes += 1;
  });
});
afterEach(async () => {
  stop();
  await rm(directory, { recursive: true });
});

it('tells of several writes in a row once', async () => {
  for (const text of ['a', 'b', 'c']) await writeFile(join(directory, 'sluice.yaml'), text);
  await vi.waitFor(() => {
    expect(changes).toBe(1);
  });
});

it('tells of a file that is renamed into place', async () => {
  await writeFile(join(directory, 'other'), 'x');
  await rename(join(directory, 'other'), join(directory, 'sluice.yaml'));
  await vi.waitFor(() => {
    expect(changes).toBe(1);
  });
});
