import { SluiceError } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { configurationQuery, parse, parseJson, rollbackBody, versionsQuery } from './admin-requests.ts';
import { authorOf } from './author-header.ts';
import type { ActivationResult, ControlPlane } from './control-plane.ts';
import { errorBodyOf } from './error-reply.ts';
import { errorsOf, formatProblem } from './problem.ts';
import { latestVersion, listVersions, readVersion } from './version-store.ts';

export interface ConfigurationRoutesOptions {
  readonly plane: ControlPlane;
  readonly database: Database;
}

export function registerConfigurationRoutes(app: FastifyInstance, { plane, database }: ConfigurationRoutesOptions): void {
  app.get('/admin/configuration', async (request) => {
    const { version } = parse(configurationQuery, request.query);
    const stored = version === undefined ? await latestVersion(database) : await readVersion(database, version);
    if (stored === undefined) {
      throw new SluiceError('not_found', 'There is no such configuration version; see /admin/configuration/versions.', {
        param: 'version',
      });
    }
    return stored;
  });

  app.get('/admin/configuration/versions', async (request) => {
    const { limit, before } = parse(versionsQuery, request.query);
    return { versions: await listVersions(database, limit, before) };
  });

  app.put('/admin/configuration', async (request, reply) => {
    const text = typeof request.body === 'string' ? request.body : '';
    if (text.trim() === '') throw new SluiceError('invalid_request', 'Send the whole configuration as YAML or JSON.');
    return answer(await plane.activateText(text, authorOf(request)), reply);
  });

  app.post('/admin/configuration/rollback', async (request, reply) => {
    const { version } = parseJson(rollbackBody, request.body);
    return answer(await plane.rollBack(version, authorOf(request)), reply);
  });
}

/** The new version, or every fault at once. */
function answer(result: ActivationResult, reply: FastifyReply): object {
  if (result.ok) {
    const { version, changed, load } = result.activation;
    return { version, changed, warnings: load.warnings.map((warning) => formatProblem(warning, 'configuration')) };
  }
  const faults = errorsOf(result.problems);
  const message = faults.map((fault) => formatProblem(fault, 'configuration')).join('\n');
  const param = faults[0]?.path.join('.') ?? '';
  const error = new SluiceError('invalid_request', message, param === '' ? {} : { param });
  return reply.status(error.status).send(errorBodyOf(error, result.problems));
}
