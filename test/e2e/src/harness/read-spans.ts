import { readFields, type Field } from './protobuf-fields.ts';

/** A span as it came over the wire; ids in hex. */
export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  /** Epoch ns. */
  readonly startedAt: bigint;
  readonly endedAt: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** Span.SpanKind of opentelemetry/proto/trace/v1/trace.proto. */
const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** Reads an ExportTraceServiceRequest: resource_spans = 1 { resource = 1, scope_spans = 2 { spans = 2 } }. */
export function readSpans(request: Buffer): ReceivedSpan[] {
  return messages(readFields(request), 1).flatMap((resourceSpans) => {
    const resource = messages(resourceSpans, 1).flatMap((found) => messages(found, 1));
    const service = String(readAttributes(resource)['service.name'] ?? '');
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => readSpan(span, service));
  });
}

/** trace_id = 1, span_id = 2, parent_span_id = 4, name = 5, kind = 6, start and end = 7 and 8 (fixed64), attributes = 9, links = 13. */
function readSpan(span: readonly Field[], service: string): ReceivedSpan {
  return {
    service,
    traceId: bytes(span, 1).toString('hex'),
    spanId: bytes(span, 2).toString('hex'),
    parentSpanId: bytes(span, 4).toString('hex'),
    name: bytes(span, 5).toString(),
    kind: kinds[Number(span.find((field) => field.number === 6)?.value ?? 0)] ?? '',
    startedAt: bytes(span, 7).readBigUInt64LE(),
    endedAt: bytes(span, 8).readBigUInt64LE(),
    attributes: readAttributes(messages(span, 9)),
    links: messages(span, 13).map((link) => ({ traceId: bytes(link, 1).toString('hex'), spanId: bytes(link, 2).toString('hex') })),
  };
}

/** KeyValue: key = 1, value = 2 { string = 1, bool = 2, int = 3, double = 4, array = 5 }. */
function readAttributes(pairs: readonly (readonly Field[])[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [value] = messages(pair, 2).flat();
      return [bytes(pair, 1).toString(), value === undefined ? '' : readValue(value)];
    }),
  );
}

function readValue({ number, value }: Field): string | number | boolean {
  if (Buffer.isBuffer(value)) {
    if (number === 4) return value.readDoubleLE();
    return number === 5 ? messages(readFields(value), 1).flat().map(readValue).join(',') : value.toString();
  }
  return number === 2 ? value === 1n : Number(value);
}

function messages(fields: readonly Field[], number: number): (readonly Field[])[] {
  return fields.filter((field) => field.number === number).map(({ value }) => (Buffer.isBuffer(value) ? readFields(value) : []));
}

function bytes(fields: readonly Field[], number: number): Buffer {
  const value = fields.find((field) => field.number === number)?.value;
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
}
