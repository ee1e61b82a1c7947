import { createServer } from 'node:http';
import type { Closable } from '@sluice/bus';
import type { Registry } from 'prom-client';
import type { Health } from './service.ts';

/** `/healthz`, `/readyz` and `/metrics` of a service that has no HTTP server of its own. */
export async function startHealthServer(host: string, port: number, health: Health, metrics: Registry): Promise<Closable> {
  const server = createServer((request, response) => {
    (async () => {
      if (request.url === '/healthz') response.end('{"status":"ok"}');
      else if (request.url === '/readyz') {
        const problems = health.problems();
        response.statusCode = Object.keys(problems).length === 0 ? 200 : 503;
        response.end(JSON.stringify({ status: response.statusCode === 200 ? 'ready' : 'not ready', problems }));
      } else if (request.url === '/metrics') {
        response.setHeader('content-type', metrics.contentType);
        response.end(await metrics.metrics());
      } else {
        response.statusCode = 404;
        response.end();
      }
    })().catch(() => {
      response.statusCode = 500; // a gauge that cannot be read must not end the service
      response.end();
    });
  });
  server.requestTimeout = 5_000;
  server.headersTimeout = 5_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
