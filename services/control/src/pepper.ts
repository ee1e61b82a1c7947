import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const pepperBytes = 32;

/**
 * The secret under which virtual keys are hashed: from the environment, else from `<data directory>/key-pepper` (mode
 * 0600, made once). Losing it makes every key that the API made unusable; keys of the file are hashed anew at start.
 */
export async function loadPepper(fromEnvironment: string | undefined, dataDirectory: string): Promise<Uint8Array> {
  if (fromEnvironment !== undefined) return Buffer.from(fromEnvironment, 'utf8');
  const file = join(dataDirectory, 'key-pepper');
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  try {
    // `wx` fails where another replica on this disk was first; then its pepper holds.
    await writeFile(file, randomBytes(pepperBytes).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const pepper = Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
  if (pepper.byteLength !== pepperBytes)
    throw new Error(`${file} must hold ${pepperBytes * 2} hex digits; restore it, or delete it and make the keys of the API anew`);
  return pepper;
}
