import type { Database } from '@sluice/database';
import type { FastifyInstance } from 'fastify';
import { keyBody, keyParameters, keysQuery, parse, parseJson } from './admin-requests.ts';
import { authorOf } from './author-header.ts';
import type { ControlPlane } from './control-plane.ts';
import { listKeys } from './key-store.ts';
import type { KeyRecord } from './key-store.ts';

export interface KeyRoutesOptions {
  readonly plane: ControlPlane;
  readonly database: Database;
}

export function registerKeyRoutes(app: FastifyInstance, { plane, database }: KeyRoutesOptions): void {
  app.get('/admin/keys', async (request) => {
    const keys = await listKeys(database, parse(keysQuery, request.query));
    return { keys: keys.map(shown) };
  });

  app.post('/admin/keys', async (request, reply) => {
    const { text, record } = await plane.createKey(parseJson(keyBody, request.body), authorOf(request));
    // The only time that the key is shown; only its HMAC is kept.
    return reply.status(201).send({ key: text, ...shown(record) });
  });

  app.delete('/admin/keys/:id', async (request) => {
    const { id } = parse(keyParameters, request.params);
    return shown(await plane.revokeKey(id, authorOf(request)));
  });
}

/** What an answer tells of a key: never its hash. */
function shown(record: KeyRecord): object {
  const { keyId, name, organization, team, models, policy, limits, budgets, source, createdAt, revokedAt } = record;
  return { keyId, name, organization, team, models, policy, limits, budgets, source, createdAt, revokedAt };
}
