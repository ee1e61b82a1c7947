import { parentContext } from '@sluice/bus';
import { headers, subjects } from '@sluice/contracts';
import { type Link, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { StreamEvent } from './plan-batch.ts';

/** The SDK keeps 128 links of a span unless told otherwise; a larger batch has its size in `messaging.batch.message_count`. */
const maxLinks = 128;

/** Wraps the recording of a batch in whatever tells of it. */
export type ObserveBatch = <T>(batch: readonly StreamEvent[], work: () => Promise<T>) => Promise<T>;

/** Where nothing is traced. */
export const unobserved: ObserveBatch = (_batch, work) => work();

/**
 * One consumer span a batch, linked to the trace of each event's request: a batch has many causes, so none is its parent
 * (OpenTelemetry conventions for messaging, batch processing). Facts only, no content.
 */
export function createBatchSpans(): ObserveBatch {
  const tracer = trace.getTracer('@sluice/billing');
  const destination = subjects.anyUsage.replace(/\.>$/, '');
  return async (batch, work) => {
    const span = tracer.startSpan(`process ${destination}`, {
      kind: SpanKind.CONSUMER,
      root: true,
      links: batch.slice(0, maxLinks).flatMap(linkOf),
      attributes: {
        'messaging.system': 'nats',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'process',
        'messaging.destination.name': destination,
        'messaging.batch.message_count': batch.length,
      },
    });
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  };
}

function linkOf(event: StreamEvent): Link[] {
  const traceparent = event.headers?.get(headers.traceparent);
  if (traceparent === undefined) return [];
  const context = trace.getSpanContext(parentContext({ traceparent }));
  return context === undefined ? [] : [{ context }];
}
