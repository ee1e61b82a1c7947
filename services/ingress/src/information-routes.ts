import type { Health } from '@sluice/runtime';
import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { openApiDocument } from './openapi.ts';

export interface InformationRouteSurroundings {
  readonly health: Health;
  readonly metrics: Registry;
  readonly version: string;
}

/** What the gateway tells of itself to anyone: health, metrics, its own description. */
export function registerInformationRoutes(server: FastifyInstance, { health, metrics, version }: InformationRouteSurroundings): void {
  server.get('/healthz', () => ({ status: 'ok' }));
  server.get('/readyz', (_request, reply) => {
    const problems = health.problems();
    const ready = Object.keys(problems).length === 0;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', problems });
  });
  server.get('/metrics', async (_request, reply) => reply.header('content-type', metrics.contentType).send(await metrics.metrics()));
  const document = openApiDocument(version);
  server.get('/openapi.json', () => document);
}
