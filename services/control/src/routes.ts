import type { Bus } from '@sluice/bus';
import { SluiceError } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { Health } from '@sluice/runtime';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { AuditTrail } from './audit-trail.ts';
import { registerBillingRoutes } from './billing-routes.ts';
import { registerConfigurationRoutes } from './configuration-routes.ts';
import type { ControlPlane } from './control-plane.ts';
import { createTokenCheck } from './admin-token.ts';
import { errorBodyOf, toSluiceError } from './error-reply.ts';
import { registerHistoryRoutes } from './history-routes.ts';
import { registerKeyRoutes } from './key-routes.ts';
import { maxDocumentBytes } from './read-document.ts';
import { registerThrottleRoutes } from './throttle-routes.ts';

export interface AdminOptions {
  readonly plane: ControlPlane;
  readonly database: Database;
  readonly bus: Bus;
  readonly audit: AuditTrail;
  readonly metrics: Registry;
  readonly log: Logger;
  readonly adminToken: string;
  readonly health: Health;
}

/** A request that takes longer is a client that does not finish its body. */
const requestTimeoutMs = 30_000;

const openRoutes: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** The admin API, not yet listening: tests use `inject`. */
export function createAdminApi(options: AdminOptions): FastifyInstance {
  const { log, metrics, health } = options;
  const app = fastify({ logger: false, bodyLimit: maxDocumentBytes, requestTimeout: requestTimeoutMs });
  const isAdmin = createTokenCheck(options.adminToken);

  // Every body arrives as text: a configuration is read with its line numbers, all else as JSON by its own schema.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, body);
  });

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    const open = openRoutes.has(request.routeOptions.url ?? '');
    if (open || isAdmin(request.headers.authorization)) done();
    else done(new SluiceError('invalid_api_key', 'The admin API needs "Authorization: Bearer <SLUICE_ADMIN_TOKEN>".'));
  });
  app.setErrorHandler((thrown, _request, reply) => {
    const error = toSluiceError(thrown, maxDocumentBytes);
    if (error.status >= 500) log.error({ err: thrown, code: error.code }, 'an admin request failed');
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds);
    return reply.status(error.status).send(errorBodyOf(error));
  });
  app.setNotFoundHandler(() => {
    throw new SluiceError('not_found', 'There is no such route; GET / lists them.');
  });

  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const problems = health.problems();
    return Object.keys(problems).length === 0 ? { status: 'ready' } : reply.status(503).send({ status: 'not ready', problems });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
  app.get('/', () => ({ service: 'sluice control', version: options.plane.version ?? null, routes: routeList }));
  registerConfigurationRoutes(app, options);
  registerKeyRoutes(app, options);
  registerThrottleRoutes(app, options);
  registerHistoryRoutes(app, options);
  registerBillingRoutes(app, options);
  return app;
}

const routeList: readonly string[] = [
  'GET /admin/configuration',
  'GET /admin/configuration?version=N',
  'PUT /admin/configuration',
  'GET /admin/configuration/versions',
  'POST /admin/configuration/rollback',
  'GET /admin/keys',
  'POST /admin/keys',
  'DELETE /admin/keys/:id',
  'GET /admin/keys/:id/throttle',
  'PUT /admin/keys/:id/throttle',
  'DELETE /admin/keys/:id/throttle',
  'GET /admin/requests',
  'GET /admin/audit',
  'GET /admin/statements?organization=&from=&to=&by=',
  'GET /admin/exports?format=&from=&to=&organization=',
  'GET /admin/price-lists',
  'POST /admin/price-lists',
  'GET /admin/reratings',
  'GET /admin/reratings/:id',
  'POST /admin/reratings',
  'POST /admin/credit-notes',
  'GET /admin/webhooks',
  'POST /admin/webhooks',
  'DELETE /admin/webhooks/:id',
  'POST /admin/webhooks/:id/replay',
  'GET /metrics',
  'GET /healthz',
  'GET /readyz',
];
