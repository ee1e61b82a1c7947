import { context, ROOT_CONTEXT, trace, type Context } from '@opentelemetry/api';

/**
 * Gives each statement for leases its place among traces: below a request that waits for it, else in a trace of its own. Left to itself it
 * would hang below whatever request was at hand when more was fetched, and no trace could tell who waited. Many may wait for one statement:
 * it is shown below the one that has waited longest, and all show how long they waited.
 */
export class LeaseTraces {
  readonly #tracer = trace.getTracer('@sluice/metering');
  readonly #waiting = new Set<Context>();

  /** Shows the wait as a span below the active one. */
  async wait<Result>(admitted: Promise<Result>): Promise<Result> {
    const span = this.#tracer.startSpan('wait for quota');
    if (!span.isRecording()) return admitted;
    const within = trace.setSpan(context.active(), span);
    this.#waiting.add(within);
    try {
      return await admitted;
    } finally {
      this.#waiting.delete(within);
      span.end();
    }
  }

  /** @param awaited whether requests wait for what is sent */
  statement<Result>(awaited: boolean, send: () => Promise<Result>): Promise<Result> {
    const [longest] = this.#waiting;
    return context.with((awaited ? longest : undefined) ?? ROOT_CONTEXT, send);
  }
}
