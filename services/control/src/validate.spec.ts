import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { validate } from './validate.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-validate-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function run(text: string | undefined): Promise<{ code: number; lines: string[] }> {
  const file = join(directory, 'sluice.yaml');
  if (text !== undefined) await writeFile(file, text);
  const lines: string[] = [];
  const code = await validate({
    file,
    environment: {},
    fetch,
    catalog: { modelsOf: () => [] },
    print: (line) => lines.push(line.replace(directory, '')),
  });
  return { code, lines };
}

it('says that a valid file is valid', async () => {
  expect(await run('version: 1')).toEqual({ code: 0, lines: ['/sluice.yaml: valid'] });
});

it('prints one line for each fault and fails', async () => {
  expect(await run('version: 1\nmodls: []\npolicies: 3')).toEqual({
    code: 1,
    lines: [
      expect.stringMatching(/^\/sluice\.yaml:2:\d+: modls: is not a field here; did you mean "models"\?$/),
      expect.stringMatching(/^\/sluice\.yaml:3:11: policies: must be a list/),
    ],
  });
});

it('fails on a file that is not there', async () => {
  expect(await run(undefined)).toEqual({ code: 1, lines: [expect.stringContaining('cannot be read (ENOENT)')] });
});
