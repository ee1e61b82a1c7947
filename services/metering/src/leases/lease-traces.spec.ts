import { context, ROOT_CONTEXT, trace, type Span } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, StackContextManager, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { LeaseTraces } from './lease-traces.ts';

const exporter = new InMemorySpanExporter();
beforeAll(() => {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new StackContextManager().enable());
});
afterAll(() => {
  trace.disable();
  context.disable();
});
afterEach(() => {
  exporter.reset();
});

/** A span for a request, and what is done for it. */
function within<Result>(work: () => Result): { request: Span; result: Result } {
  const request = trace.getTracer('spec').startSpan('request', {}, ROOT_CONTEXT);
  return { request, result: context.with(trace.setSpan(ROOT_CONTEXT, request), work) };
}

/** Sends a statement, wherever it is called from. @returns the trace that it is in, undefined: its own */
async function send(traces: LeaseTraces, awaited: boolean): Promise<string | undefined> {
  return traces.statement(awaited, () => Promise.resolve(trace.getActiveSpan()?.spanContext().traceId));
}

it('shows how long a request waits, below its span', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { request, result } = within(() => new LeaseTraces().wait(promise));
  expect(exporter.getFinishedSpans()).toEqual([]);
  resolve('admitted');
  expect(await result).toBe('admitted');
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({ name: 'wait for quota', parentSpanContext: { spanId: request.spanContext().spanId } });
});

it('shows an awaited statement in the trace of the request that has waited longest', async () => {
  const traces = new LeaseTraces();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const [first, second] = [within(() => traces.wait(promise)), within(() => traces.wait(promise))];
  expect(await within(() => send(traces, true)).result).toBe(first.request.spanContext().traceId);
  resolve(undefined);
  await Promise.all([first.result, second.result]);
});

it('shows a renewal in a trace of its own, whoever caused it and whoever waits', async () => {
  const traces = new LeaseTraces();
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const { result } = within(() => traces.wait(promise));
  expect(await within(() => send(traces, false)).result).toBeUndefined();
  resolve(undefined);
  await result;
});

it('forgets a request whose wait ended, in whatever way', async () => {
  const traces = new LeaseTraces();
  await expect(within(() => traces.wait(Promise.reject(new Error('gone')))).result).rejects.toThrow('gone');
  expect(await send(traces, true)).toBeUndefined();
});
