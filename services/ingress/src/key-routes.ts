import type { Bus } from '@sluice/bus';
import { calls } from '@sluice/contracts';
import type { FastifyInstance } from 'fastify';
import { ownerOf } from './request-owner.ts';
import type { RouteTable } from './route-table.ts';

export interface KeyRouteSurroundings {
  readonly routes: () => RouteTable;
  readonly bus: Pick<Bus, 'request'>;
}

const callTimeoutMs = 2_000;

/** What the holder of a key may ask of it: its models, its use. */
export function registerKeyRoutes(server: FastifyInstance, { routes, bus }: KeyRouteSurroundings): void {
  server.get('/v1/models', (request) => ({ object: 'list', data: routes().modelsOf(ownerOf(request)).map(modelEntry) }));
  server.get<{ Params: { model: string } }>('/v1/models/:model', (request) => {
    routes().checkModel(request.params.model, ownerOf(request));
    return modelEntry(request.params.model);
  });
  server.get('/v1/usage', async (request) => {
    const { keyId, keyName, organization, team } = ownerOf(request);
    const usage = await bus.request(calls.readUsage, { keyId }, { timeoutMs: callTimeoutMs });
    return { object: 'usage', key: { id: keyId, name: keyName, organization, team }, ...usage };
  });
}

function modelEntry(name: string) {
  return { id: name, object: 'model', created: 0, owned_by: 'sluice' };
}
