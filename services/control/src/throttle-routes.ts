import type { Bus, KeyValue } from '@sluice/bus';
import { buckets, SluiceError, throttleSchema } from '@sluice/contracts';
import type { Throttle } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { FastifyInstance } from 'fastify';
import { keyParameters, parse, parseJson, throttleBody } from './admin-requests.ts';
import type { AuditTrail } from './audit-trail.ts';
import { authorOf } from './author-header.ts';
import { findLiveKey } from './key-store.ts';
import type { KeyRecord } from './key-store.ts';

export interface ThrottleRoutesOptions {
  readonly database: Database;
  readonly bus: Pick<Bus, 'keyValue'>;
  readonly audit: AuditTrail;
}

const path = '/admin/keys/:id/throttle';
const minuteMs = 60_000;

/** Slows a key for a while, and takes back what an anomaly or an operator did so; metering enforces it over all its replicas. */
export function registerThrottleRoutes(app: FastifyInstance, { database, bus, audit }: ThrottleRoutesOptions): void {
  /** Of a key that is there: a throttle of nobody would stand unseen. */
  const keyOf = async (parameters: unknown): Promise<KeyRecord> => {
    const { id } = parse(keyParameters, parameters);
    const key = await findLiveKey(database, id);
    if (key !== undefined) return key;
    throw new SluiceError('not_found', 'There is no live virtual key with this id; give its public id, key_….', { param: 'keyId' });
  };
  const open = (): Promise<KeyValue> => bus.keyValue(buckets.throttles, { history: 1 });
  const noted = ({ organization, team, keyId, name }: KeyRecord, actor: string, action: string, detail: Record<string, number>): void => {
    audit.access({ organization, team, keyId, actor, action, outcome: 'done', detail: { name, ...detail } });
  };

  app.get(path, async (request) => {
    const { keyId } = await keyOf(request.params);
    return { throttle: inForce(await (await open()).get(keyId)) ?? null };
  });

  app.put(path, async (request) => {
    const { requestsPerMinute, minutes, reason } = parseJson(throttleBody, request.body);
    const author = authorOf(request);
    const key = await keyOf(request.params);
    const throttle: Throttle = { requestsPerMinute, until: Date.now() + minutes * minuteMs, reason };
    await write(await open(), key.keyId, throttle);
    noted(key, author, 'key.throttle', { requestsPerMinute, minutes });
    return { throttle };
  });

  app.delete(path, async (request) => {
    const author = authorOf(request);
    const key = await keyOf(request.params);
    const bucket = await open();
    const ended = inForce(await bucket.get(key.keyId));
    // One that is over, not none: metering hears of it as of any other.
    if (ended !== undefined) await write(bucket, key.keyId, { ...ended, until: Date.now() });
    noted(key, author, 'key.unthrottle', {});
    return { throttle: null };
  });
}

function write(bucket: KeyValue, keyId: string, throttle: Throttle): Promise<void> {
  return bucket.put(keyId, Buffer.from(JSON.stringify(throttle)));
}

function inForce(value: Uint8Array | undefined): Throttle | undefined {
  if (value === undefined) return undefined;
  const throttle = throttleSchema.safeParse(JSON.parse(Buffer.from(value).toString()));
  return throttle.success && throttle.data.until > Date.now() ? throttle.data : undefined;
}
