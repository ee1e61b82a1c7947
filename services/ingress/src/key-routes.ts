import type { Bus } from '@sluice/bus';
import { calls } from '@sluice/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callerDialect } from './caller-dialect.ts';
import { isAnthropic } from './dialect-routes.ts';
import type { ModelDirectory } from './model-directory.ts';
import { anthropicEntry, anthropicPage, openaiEntry, type PageQuery } from './model-entries.ts';
import { readRequestOptions } from './request-headers.ts';
import { ownerOf } from './request-owner.ts';
import type { RouteTable } from './route-table.ts';

export interface KeyRouteSurroundings {
  readonly routes: () => RouteTable;
  readonly directory: () => Pick<ModelDirectory, 'describe'>;
  readonly bus: Pick<Bus, 'request'>;
}

const callTimeoutMs = 2_000;

/** What the holder of a key may ask of it: its models, its use. */
export function registerKeyRoutes(server: FastifyInstance, { routes, directory, bus }: KeyRouteSurroundings): void {
  const describe = (model: string) => directory().describe(model);
  server.get<{ Querystring: PageQuery }>('/v1/models', (request) => {
    const models = routes().modelsOf(ownerOf(request));
    if (asksAsAnthropic(request)) return anthropicPage(models, request.query, describe);
    return { object: 'list', data: models.map((model) => openaiEntry(model, describe)) };
  });
  // A wildcard, for names such as meta-llama/llama-4 hold slashes.
  server.get<{ Params: { '*': string } }>('/v1/models/*', (request) => {
    const id = request.params['*'];
    const listed = { id, model: routes().resolveModel(id, ownerOf(request)) };
    return asksAsAnthropic(request) ? anthropicEntry(listed, describe) : openaiEntry(listed, describe);
  });
  // With the headers of a request and the model it would ask for: the limits that bind such a request.
  server.get<{ Querystring: { model?: string | string[] } }>('/v1/usage', async (request) => {
    const owner = ownerOf(request);
    const { keyId, keyName, organization, team } = owner;
    const { user, tags } = readRequestOptions(request.headers);
    const { model } = request.query;
    const asked = typeof model === 'string' ? { model: routes().resolveModel(model, owner) } : {};
    const usage = await bus.request(
      calls.readUsage,
      { keyId, tags, ...(user === undefined ? {} : { user }), ...asked },
      { timeoutMs: callTimeoutMs },
    );
    return { object: 'usage', key: { id: keyId, name: keyName, organization, team }, ...usage };
  });
}

function asksAsAnthropic(request: FastifyRequest<object>): boolean {
  return isAnthropic(callerDialect(request.url, request.headers));
}
