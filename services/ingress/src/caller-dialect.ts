import type { IncomingHttpHeaders } from 'node:http';
import type { Dialect } from '@sluice/contracts';
import { dialectRoutes } from './dialect-routes.ts';

/** Anthropic's clients send it with every request, OpenAI's never do. */
const versionHeader = 'anthropic-version';

/**
 * The dialect in which a caller expects answers that come of no dialect's own route: errors before one is found, lists.
 * The path decides where it belongs to one API, else the headers.
 */
export function callerDialect(url: string, headers: IncomingHttpHeaders): Dialect {
  const path = url.split('?', 1)[0] ?? '';
  const messages = dialectRoutes['anthropic-messages'];
  if (path === messages || path.startsWith(`${messages}/`)) return 'anthropic-messages';
  const shared = path === '/v1/models' || path.startsWith('/v1/models/');
  return shared && headers[versionHeader] !== undefined ? 'anthropic-messages' : 'openai-chat';
}
