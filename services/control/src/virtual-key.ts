import { createHash, createHmac } from 'node:crypto';
import { referencedVariable } from './secret-shape.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
/** 20 letters of 5 bits: 100 bits, so no two ids meet. */
const idLength = 20;
/** 52 letters: 260 bits. */
const secretLength = 52;

export type RandomBytes = (size: number) => Uint8Array;

export interface MadeKey {
  /** Public id, `key_…`. */
  readonly keyId: string;
  /** The usable key, shown once and stored nowhere: `sk-sluice-<id>-<secret>`; its id part may stand in a log. */
  readonly text: string;
}

/** Makes a virtual key whose text begins with its own public id. */
export function makeVirtualKey(randomBytes: RandomBytes): MadeKey {
  const id = letters(randomBytes(idLength));
  return { keyId: `key_${id}`, text: `sk-sluice-${id}-${letters(randomBytes(secretLength))}` };
}

/** Public id of a key that the file names: the same at every start, so the ledger's rows stay one key's. */
export function fileKeyId(organization: string, team: string, name: string): string {
  return `key_${letters(createHash('sha256').update(`${organization}/${team}/${name}`).digest()).slice(0, idLength)}`;
}

/** SHA-256 hex of a virtual key. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** SHA-256 hex of the key that a file names as `${NAME}` or `sha256:<hex>`; undefined where the variable is not set. */
export function keySha256(reference: string, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (reference.startsWith('sha256:')) return reference.slice('sha256:'.length);
  const value = environment[referencedVariable(reference) ?? ''];
  return value === undefined || value === '' ? undefined : sha256Hex(value);
}

/** What is stored of a key: without the pepper, which is not in the database, it cannot be tried against guesses. */
export function keyHmac(keySha256Hex: string, pepper: Uint8Array): string {
  return createHmac('sha256', pepper).update(keySha256Hex).digest('hex');
}

function letters(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => alphabet[byte & 31]).join('');
}
