import { SluiceError } from '@sluice/contracts';
import type { FastifyRequest } from 'fastify';

/** Who makes a change, as `x-sluice-author` says; for the history and the audit log. */
export function authorOf(request: FastifyRequest): string {
  const header = request.headers['x-sluice-author'];
  if (header === undefined) return 'admin';
  const author = typeof header === 'string' ? header : '';
  if (!/^[\p{L}\p{N} ._@+-]{1,100}$/u.test(author)) {
    throw new SluiceError('invalid_request', 'x-sluice-author must be 1 to 100 letters, digits, spaces or . _ @ + -', {
      param: 'x-sluice-author',
    });
  }
  return author;
}
