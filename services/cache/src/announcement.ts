import { keyBytes } from './entry-store.ts';

const kinds = { entries: 1, scopes: 2 } as const;
type Kind = keyof typeof kinds;
const headBytes = 17;
const maxKeys = 1_000;

/** What a replica tells the others after rows are in Postgres: keys of answers, or scopes of questions. */
export interface Announcement {
  readonly kind: Kind;
  /** Sixteen random bytes of the sender, as hex. */
  readonly sender: string;
  readonly keys: readonly Buffer[];
}

/** One byte of kind, sixteen of sender, then the keys; one message for a whole batch. */
export function encodeAnnouncement({ kind, sender, keys }: Announcement): Uint8Array {
  return Buffer.concat([Buffer.of(kinds[kind]), Buffer.from(sender, 'hex'), ...keys.slice(0, maxKeys)]);
}

/** Undefined where the bytes are no announcement of this version. */
export function decodeAnnouncement(bytes: Uint8Array): Announcement | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = data[0] === kinds.entries ? 'entries' : data[0] === kinds.scopes ? 'scopes' : undefined;
  const length = data.byteLength - headBytes;
  if (kind === undefined || length < 0 || length % keyBytes !== 0 || length > maxKeys * keyBytes) return undefined;
  const keys = Array.from({ length: length / keyBytes }, (_, index) =>
    data.subarray(headBytes + index * keyBytes, headBytes + (index + 1) * keyBytes),
  );
  return { kind, sender: data.toString('hex', 1, headBytes), keys };
}
