import { SluiceError, type Principal } from '@sluice/contracts';
import type { FastifyRequest } from 'fastify';

declare module 'fastify' {
  interface FastifyRequest {
    /** Owner of the request's key; set before the body is read on every route that needs a key. */
    principal: Principal | null;
  }
}

/** @throws SluiceError where a route was registered outside the authenticated ones */
export function ownerOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new SluiceError('internal_error', 'The request was not authenticated.');
  return request.principal;
}
