import type { IncomingHttpHeaders } from 'node:http';
import { parentContext, type TraceContext } from '@sluice/bus';
import type { Answer, Dialect, Envelope, Failure } from '@sluice/contracts';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { dialectRoutes } from './dialect-routes.ts';

/** The HTTP server span of a request, the root that its stage spans hang from. */
export interface ServerSpan {
  /** What goes down the slip. */
  readonly trace: TraceContext | undefined;
  readonly end: (status: number, told: Answer | Failure) => void;
}

export interface ServerSpans {
  begin(headers: IncomingHttpHeaders, dialect: Dialect, envelope: Envelope): ServerSpan;
}

const noEnd = (): undefined => undefined;

/** Without a tracer the caller's trace context still travels on to stages and provider. */
export const passThroughSpans: ServerSpans = {
  begin: (headers) => ({ trace: callersTrace(headers), end: noEnd }),
};

/** Spans by the HTTP semantic conventions; needs an OpenTelemetry SDK registered. */
export function createServerSpans(): ServerSpans {
  const tracer = trace.getTracer('@sluice/ingress');
  return {
    begin(headers, dialect, envelope) {
      const parent = parentContext(callersTrace(headers));
      const span = tracer.startSpan(
        `POST ${dialectRoutes[dialect]}`,
        {
          kind: SpanKind.SERVER,
          attributes: {
            'http.request.method': 'POST',
            'http.route': dialectRoutes[dialect],
            'url.scheme': 'http',
            'sluice.request_id': envelope.id,
            'sluice.organization': envelope.principal.organization,
            'sluice.team': envelope.principal.team,
            'sluice.key_id': envelope.principal.keyId,
            'gen_ai.request.model': envelope.model,
          },
        },
        parent,
      );
      const carrier: { traceparent?: string; tracestate?: string } = {};
      propagation.inject(trace.setSpan(context.active(), span), carrier);
      return {
        trace: carrier.traceparent === undefined ? undefined : { traceparent: carrier.traceparent, tracestate: carrier.tracestate },
        end: (status, told) => {
          span.setAttribute('http.response.status_code', status);
          span.setAttribute('sluice.cache', told.found.cache?.state ?? 'bypass');
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
  };
}

/** A well-formed `traceparent` only: it goes into message headers. */
function callersTrace(headers: IncomingHttpHeaders): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string' || !/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)) return undefined;
  const state = typeof tracestate === 'string' && /^[\x20-\x7e]{1,512}$/.test(tracestate) ? tracestate : undefined;
  return { traceparent, tracestate: state };
}
