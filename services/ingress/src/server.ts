import type { IncomingHttpHeaders } from 'node:http';
import { SluiceError, type Principal } from '@sluice/contracts';
import { errorBody } from '@sluice/dialects';
import { fastify, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { callerDialect } from './caller-dialect.ts';
import { registerCheckRoutes, type CheckRouteSurroundings } from './check-routes.ts';
import { isAnthropic, routedDialects } from './dialect-routes.ts';
import { registerKeyRoutes, type KeyRouteSurroundings } from './key-routes.ts';
import { registerModerationRoute } from './moderation-route.ts';
import { ownerOf } from './request-owner.ts';
import { registerInformationRoutes, type InformationRouteSurroundings } from './information-routes.ts';
import { drainRequest } from './drain-request.ts';
import type { Ingress } from './ingress.ts';

export interface ServerOptions {
  readonly ingress: Ingress;
  readonly authenticate: (headers: IncomingHttpHeaders) => Principal | Promise<Principal>;
  readonly newRequestId: () => string;
  readonly maxBodyBytes: number;
  readonly information: InformationRouteSurroundings;
  readonly checks: CheckRouteSurroundings;
  readonly keyRoutes: KeyRouteSurroundings;
  readonly log: { error(fields: object, message: string): void };
}

/** Longer than the idle time of common load balancers, so that it is they who close. */
const keepAliveTimeoutMs = 75_000;
/** For a client to send its whole request; the answer is bounded by the request's own deadline. */
const requestTimeoutMs = 120_000;

const routedMethods = ['GET', 'POST'] as const;

/** The HTTP edge; tested by `inject`, listened on by `main.ts`. */
export function buildServer(options: ServerOptions): FastifyInstance {
  const server = fastify({
    bodyLimit: options.maxBodyBytes,
    keepAliveTimeout: keepAliveTimeoutMs,
    requestTimeout: requestTimeoutMs,
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false, // it would not be an error of the client's dialect
    forceCloseConnections: 'idle',
    genReqId: options.newRequestId,
    frameworkErrors: (error, request, reply) => {
      sendError(request, reply, publicError(error), options.log);
    },
  });
  refuseOnClosing(server, options.log);
  server.removeAllContentTypeParsers();
  // Bodies stay bytes: they travel on as they came, and only what ingress must know is parsed.
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  server.setErrorHandler(async (error, request, reply) => {
    const told = publicError(error);
    if (told.code === 'request_too_large') await drainRequest(request.raw);
    sendError(request, reply, told, options.log);
    return reply;
  });
  server.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '';
    const allowed = routedMethods.filter((method) => server.hasRoute({ method, url: path }));
    if (allowed.length > 0) reply.header('allow', allowed.join(', '));
    sendError(request, reply, unrouted(request.method, path, allowed), options.log);
  });
  registerInformationRoutes(server, options.information);
  void server.register((authenticated, _options, done) => {
    authenticateFirst(authenticated, options.authenticate);
    registerModelRoutes(authenticated, options.ingress);
    registerKeyRoutes(authenticated, options.keyRoutes);
    registerCheckRoutes(authenticated, options.checks);
    registerModerationRoute(authenticated, options.checks);
    done();
  });
  return server;
}

/** Before the body is read: nobody unknown makes the process take in 32 MB. */
function authenticateFirst(server: FastifyInstance, authenticate: ServerOptions['authenticate']): void {
  server.decorateRequest('principal', null);
  server.addHook('onRequest', (request, _reply, done) => {
    let owner: Principal | Promise<Principal>;
    try {
      owner = authenticate(request.headers);
    } catch (thrown) {
      done(SluiceError.from(thrown));
      return;
    }
    if (!(owner instanceof Promise)) {
      request.principal = owner; // remembered keys need no turn of the event loop
      done();
      return;
    }
    owner.then(
      (principal) => {
        request.principal = principal;
        done();
      },
      (thrown: unknown) => {
        done(SluiceError.from(thrown));
      },
    );
  });
}

function registerModelRoutes(server: FastifyInstance, ingress: Ingress): void {
  for (const [dialect, path] of routedDialects) {
    server.post(path, (request, reply) => {
      const { body } = request;
      if (!(body instanceof Uint8Array))
        throw new SluiceError('invalid_request', 'Send the request as a JSON body with content-type application/json.');
      ingress.serve(dialect, request.id, ownerOf(request), request.raw, body, reply.raw);
      reply.hijack(); // the pending answer writes to the socket itself
    });
  }
}

function unrouted(method: string, path: string, allowed: readonly string[]): SluiceError {
  return allowed.length > 0
    ? new SluiceError('method_not_allowed', `${path} takes ${allowed.join(' and ')}, not ${method}.`)
    : new SluiceError('not_found', `There is no ${method} ${path.slice(0, 100)}; GET /openapi.json lists what there is.`);
}

function publicError(thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  const { code, statusCode } = thrown as Partial<FastifyError>; // fields are checked before use
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new SluiceError('request_too_large', 'The request body is larger than this gateway takes.', {}, thrown);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new SluiceError(
      'unsupported_media_type',
      'Send the request with content-type application/json.',
      { param: 'content-type' },
      thrown,
    );
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY' || code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
    return new SluiceError(
      'invalid_request',
      'The request body does not match its content-length or is empty.',
      { param: 'content-length' },
      thrown,
    );
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new SluiceError('invalid_request', 'The request is malformed.', {}, thrown);
  return SluiceError.from(thrown);
}

/** What comes on a busy connection after the server began to close is for another instance. */
function refuseOnClosing(server: FastifyInstance, log: ServerOptions['log']): void {
  let closing = false;
  server.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.addHook('onRequest', (request, reply, done) => {
    if (closing) sendError(request, reply, new SluiceError('overloaded', 'This instance of the gateway is stopping; retry at once.'), log);
    else done();
  });
}

function sendError(request: FastifyRequest, reply: FastifyReply, error: SluiceError, log: ServerOptions['log']): void {
  if (error.code === 'internal_error') log.error({ err: error.cause ?? error, requestId: request.id }, 'request failed');
  const { retryAfterSeconds } = error;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
  const dialect = callerDialect(request.url, request.headers);
  if (isAnthropic(dialect)) reply.header('request-id', request.id);
  void reply
    .code(error.status)
    .header('x-request-id', request.id)
    .header('content-type', 'application/json; charset=utf-8')
    .send(errorBody(dialect, error, request.id));
}
