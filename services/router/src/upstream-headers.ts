import type { Envelope } from '@sluice/contracts';
import { isHeaderValue } from './forwarded-headers.ts';
import type { Wire } from './providers/provider-adapter.ts';
import type { Target } from './target.ts';

/**
 * Names and values in turn, for one call. `id` tells the call from all others of the request; `trace` holds the
 * W3C context to pass on, if there is one.
 */
export function upstreamHeaders(
  target: Target,
  wire: Wire,
  envelope: Envelope,
  id: string,
  trace: Readonly<Record<string, string>>,
): string[] {
  const headers = [...target.upstream.fixedHeaders, ...(wire.headers ?? []), 'x-sluice-request-id', envelope.id, 'x-sluice-attempt', id];
  if (envelope.stream) headers.push('accept', 'text/event-stream');
  const { traceparent, tracestate } = trace;
  if (traceparent !== undefined && isHeaderValue(traceparent)) {
    headers.push('traceparent', traceparent);
    if (tracestate !== undefined && isHeaderValue(tracestate)) headers.push('tracestate', tracestate);
  }
  if (target.upstream.forwards === undefined) return headers;
  for (const [name, value] of Object.entries(envelope.headers)) {
    if (target.upstream.forwards(name) && isHeaderValue(value)) headers.push(name, value);
  }
  return headers;
}
