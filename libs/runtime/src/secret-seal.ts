import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const keyBytes = 32;
/** Of AES-GCM, NIST SP 800-38D: 96 bits, random for each secret. */
const nonceBytes = 12;
const tagBytes = 16;
const cipher = 'aes-256-gcm';
const prefix = 'sealed1.';

/**
 * Seals secrets that a service must give back later (those that sign, API keys of receivers) before they are stored: AES-256-GCM under a
 * master key that is never in the database. What a secret is for is bound into it, so a sealed text put in another row does not open.
 */
export class SecretSeal {
  readonly #key: Buffer;

  /** @param master 32 bytes or more that nobody can guess */
  constructor(master: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', master, '', 'sluice secrets', keyBytes));
  }

  /** @param purpose where it stands, e.g. `webhook/wh_1/secret` */
  seal(secret: string, purpose: string): string {
    const nonce = randomBytes(nonceBytes);
    const sealing = createCipheriv(cipher, this.#key, nonce).setAAD(Buffer.from(purpose));
    const content = Buffer.concat([sealing.update(secret, 'utf8'), sealing.final()]);
    return prefix + Buffer.concat([nonce, sealing.getAuthTag(), content]).toString('base64url');
  }

  /** The secret; undefined where it was sealed under another key or for another purpose, or was changed. */
  open(sealed: string, purpose: string): string | undefined {
    if (!SecretSeal.isSealed(sealed)) return undefined;
    const bytes = Buffer.from(sealed.slice(prefix.length), 'base64url');
    if (bytes.length < nonceBytes + tagBytes) return undefined;
    const opening = createDecipheriv(cipher, this.#key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    try {
      return Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /** Whether a stored text is one of {@link seal}. */
  static isSealed(text: string): boolean {
    return text.startsWith(prefix);
  }
}

/**
 * The master key: from the environment, else from `<data directory>/master-key` (mode 0600, made once). What was sealed under a lost one
 * must be made anew.
 * @throws Error where the file is damaged
 */
export async function loadMasterKey(fromEnvironment: string | undefined, dataDirectory: string): Promise<Uint8Array> {
  if (fromEnvironment !== undefined) return Buffer.from(fromEnvironment, 'utf8');
  const file = join(dataDirectory, 'master-key');
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  try {
    // `wx` fails where another replica on this disk was first; then its key holds.
    await writeFile(file, randomBytes(keyBytes).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
  if (key.byteLength !== keyBytes) {
    throw new Error(`${file} must hold ${keyBytes * 2} hex digits; restore it, or delete it and make the webhooks anew`);
  }
  return key;
}
