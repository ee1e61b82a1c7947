import { SluiceError } from '@sluice/contracts';
import { SpanKind, SpanStatusCode, trace, type Attributes, type Tracer } from '@opentelemetry/api';
import { sqlStateOf } from './database-error.ts';

const operationPattern = /^\s*([A-Za-z]+)/;
const targetPattern = /\b(?:FROM|INTO|UPDATE|TABLE|SCHEMA)\s+(?:IF NOT EXISTS\s+|ONLY\s+)?([A-Za-z_][\w.]*)/i;
/** The target stands near the beginning; statements may be of any length. */
const readCharacters = 500;

/**
 * A client span for each round trip to the server, by OpenTelemetry's semantic conventions for PostgreSQL, below whatever span is
 * active. So where a trace has none, nobody asked a database. Neither parameters nor the statement's text are recorded: operation and
 * target say enough, and hold nothing of anybody's. Where nothing is traced this costs half a microsecond a statement.
 */
export class StatementSpans {
  readonly #tracer: Tracer = trace.getTracer('@sluice/database');
  readonly #attributes: Attributes;

  constructor(url: URL) {
    this.#attributes = {
      'db.system.name': 'postgresql',
      'db.namespace': url.pathname.slice(1),
      'server.address': url.hostname,
      ...(url.port === '' ? {} : { 'server.port': Number(url.port) }),
    };
  }

  statement<Result>(text: string, send: () => Promise<Result>): Promise<Result> {
    const operation = operationPattern.exec(text)?.[1]?.toUpperCase() ?? 'statement';
    const target = targetPattern.exec(text.slice(0, readCharacters))?.[1];
    const summary = target === undefined ? operation : `${operation} ${target}`;
    return this.#span(summary, { 'db.operation.name': operation, 'db.query.summary': summary }, send);
  }

  /** The wait for a connection where none is free. */
  connection<Result>(connect: () => Promise<Result>): Promise<Result> {
    return this.#span('connect', {}, connect);
  }

  async #span<Result>(name: string, attributes: Attributes, work: () => Promise<Result>): Promise<Result> {
    const span = this.#tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes: { ...this.#attributes, ...attributes } });
    try {
      return await work();
    } catch (thrown) {
      const state = sqlStateOf(thrown);
      span.setAttribute('error.type', state ?? (thrown instanceof SluiceError ? thrown.code : 'unknown'));
      if (state !== undefined) span.setAttribute('db.response.status_code', state);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw thrown;
    } finally {
      span.end();
    }
  }
}
