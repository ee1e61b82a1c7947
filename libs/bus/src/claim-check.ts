import { buckets, headers as headerNames, SluiceError } from '@sluice/contracts';
import { DiscardPolicy, NatsError, StorageType, nanos, type JetStreamManager, type NatsConnection, type ObjectStore } from 'nats';
import { Body } from './body.ts';
import type { StreamStore } from './stream-store.ts';

/** Kept for the JSON head and the headers of a message; a head that outgrows it is an error. */
export const headAllowanceBytes = 128 * 1024;
/** Below this a server could not even carry ordinary chat bodies inline. */
export const requiredMaxPayloadBytes = 512 * 1024;
/** Largest body of any kind on the bus. */
export const maxBodyBytes = 32 * 1024 * 1024;
/** A body outlives its request by this much at most, whoever died. */
const bodyLifetimeMs = 15 * 60_000;

/** The stream of the object store. */
const storeName = `OBJ_${buckets.bodies}`;
/** JetStream's own code. */
const streamNotFound = 10_059;

/**
 * Bodies too large for one message travel through the JetStream object store: the sender stores the bytes and sends a
 * name, each stage that reads the body fetches it.
 */
export class ClaimCheck {
  readonly inlineLimitBytes: number;
  readonly #connection: NatsConnection;
  readonly #streams: Pick<StreamStore, 'make'>;
  #store: Promise<ObjectStore> | undefined;

  constructor(connection: NatsConnection, maxPayloadBytes: number, streams: Pick<StreamStore, 'make'>) {
    this.#connection = connection;
    this.#streams = streams;
    this.inlineLimitBytes = maxPayloadBytes - headAllowanceBytes;
  }

  needed(byteLength: number): boolean {
    return byteLength > this.inlineLimitBytes;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    if (bytes.byteLength > maxBodyBytes) {
      throw new SluiceError('request_too_large', `The body has ${bytes.byteLength} bytes; at most ${maxBodyBytes} are carried.`);
    }
    const store = await this.#open();
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    await store.put({ name, options: { max_chunk_size: 256 * 1024 } }, source);
  }

  async get(name: string): Promise<Uint8Array> {
    const store = await this.#open();
    const found = await store.get(name);
    if (found === null)
      throw new SluiceError(
        'internal_error',
        'A large body was no longer stored; retry the request.',
        {},
        new Error(`object ${name} is gone`),
      );
    const parts: Uint8Array[] = [];
    for await (const part of found.data) parts.push(part);
    const error: unknown = await found.error; // the client resolves with undefined where its type says null
    if (error instanceof Error)
      throw new SluiceError('internal_error', 'A large body could not be read whole; retry the request.', {}, error);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** Best effort: what is left behind expires by itself. */
  async delete(name: string): Promise<void> {
    try {
      const store = await this.#open();
      await store.delete(name);
    } catch {
      // expiry takes it
    }
  }

  body(name: string, byteLength: number): Body {
    return Body.claimed(name, byteLength, () => this.get(name));
  }

  #open(): Promise<ObjectStore> {
    this.#store ??= this.#streams
      .make(storeName, async (replicas, manager) => {
        await ensureStoreStream(manager, replicas);
        return this.#connection.jetstream().views.os(buckets.bodies);
      })
      .catch((cause: unknown) => {
        this.#store = undefined;
        throw new SluiceError('stage_unavailable', 'Large bodies need JetStream on the NATS server; it did not answer.', {}, cause);
      });
    return this.#store;
  }
}

/** As the client library makes it, which would name the replicas in a field that a strict server refuses. */
async function ensureStoreStream(manager: JetStreamManager, replicas: number): Promise<void> {
  try {
    await manager.streams.info(storeName);
  } catch (error) {
    if (!(error instanceof NatsError) || error.api_error?.err_code !== streamNotFound) throw error;
    await manager.streams.add({
      name: storeName,
      description: 'Bodies too large for one message',
      subjects: [`$O.${buckets.bodies}.C.>`, `$O.${buckets.bodies}.M.>`],
      max_age: nanos(bodyLifetimeMs),
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      allow_rollup_hdrs: true,
      allow_direct: true,
      num_replicas: replicas,
    });
  }
}

/** Object name of a body that a stage put in place of the one it got; ingress removes it by this rule. */
export function replacedBodyName(requestId: string, attempt: number, stage: string): string {
  return `${requestId}.${attempt}.${stage}`;
}

/** Deletes the body that was sent with a request, and whatever stages put in its place. */
export async function forgetBodies(
  claims: Pick<ClaimCheck, 'delete'>,
  requestId: string,
  attempts: number,
  slip: readonly string[],
): Promise<void> {
  await claims.delete(requestId);
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    for (const stage of slip) await claims.delete(replacedBodyName(requestId, attempt, stage));
  }
}

/** `<bytes>:<object name>`. */
export function parseClaim(claim: string): [name: string, byteLength: number] {
  const match = /^(\d{1,9}):([A-Za-z0-9._-]{1,200})$/.exec(claim);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new SluiceError('invalid_request', 'Header Sluice-Claim must be <bytes>:<object name>.', { param: headerNames.claim });
  }
  return [match[2], Number(match[1])];
}
