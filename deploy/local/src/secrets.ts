import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A secret of `npm start`: the given one, else the one kept in the data directory, else a new one that is kept there with mode 0600. */
export async function keptSecret(dataDir: string, file: string, given: string | undefined, make: () => string): Promise<string> {
  if (given !== undefined) return given;
  const path = join(dataDir, file);
  const kept = await readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  });
  if (kept.trim() !== '') return kept.trim();
  const secret = make();
  await writeFile(`${path}.new`, `${secret}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secret;
}

export function newBootstrapKey(): string {
  return `sk-sluice-${randomBytes(24).toString('base64url')}`;
}

export function newAdminToken(): string {
  return randomBytes(24).toString('base64url');
}
