import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import { headers, type Envelope, type SluiceError } from '@sluice/contracts';
import type { TraceContext } from './bus.ts';

/** W3C Trace Context, version 00 and what later versions keep of it. */
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Reads a trace context from message headers, for {@link StageTracer}. */
export function readTraceContext(read: (name: string) => string): TraceContext | undefined {
  const traceparent = read(headers.traceparent);
  return !traceparentPattern.test(traceparent) ? undefined : { traceparent, tracestate: read(headers.tracestate) || undefined };
}

export function parentContext(carrier: TraceContext | undefined): Context {
  return carrier === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, carrier);
}

/** The context of the active span as it goes into headers; undefined where nothing is traced. */
export function activeTraceContext(): TraceContext | undefined {
  const carrier: { traceparent?: string; tracestate?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent === undefined ? undefined : { traceparent: carrier.traceparent, tracestate: carrier.tracestate };
}

/**
 * One span for each stage that a request passes. All are children of ingress's HTTP server span, so that the trace
 * reads as the slip does; the hop over NATS is told by `sluice.hop_ms`, counted from the sender's publish.
 */
export interface StageTracer {
  begin(stage: string, subject: string, envelope: Envelope, carrier: TraceContext | undefined, sentAt: number): StageSpan;
}

export interface StageSpan {
  /** Runs the handler inside the span, so that spans made there become its children. */
  run<T>(work: () => T): T;
  end(outcome: string, error?: SluiceError): void;
}

class OpenStageSpan implements StageSpan {
  readonly #span: Span;
  readonly #context: Context;

  constructor(span: Span, parent: Context) {
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  end(outcome: string, error?: SluiceError): void {
    this.#span.setAttribute('sluice.outcome', outcome);
    if (error !== undefined) {
      this.#span.setAttribute('error.type', error.code);
      if (error.status >= 500) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}

export function createStageTracer(): StageTracer {
  const tracer = trace.getTracer('@sluice/bus');
  return {
    begin(stage, subject, envelope, carrier, sentAt) {
      const parent = parentContext(carrier);
      const span = tracer.startSpan(
        `stage ${stage}`,
        {
          kind: SpanKind.CONSUMER,
          attributes: {
            'messaging.system': 'nats',
            'messaging.operation.type': 'process',
            'messaging.destination.name': subject,
            'messaging.message.id': envelope.id,
            'sluice.stage': stage,
            'sluice.organization': envelope.principal.organization,
            'sluice.team': envelope.principal.team,
            'sluice.hop_ms': Math.max(0, Date.now() - sentAt),
          },
        },
        parent,
      );
      return new OpenStageSpan(span, parent);
    },
  };
}
