import type { Closable } from '@sluice/bus';

/**
 * Starts OpenTelemetry where an OTLP endpoint is configured. The SDK costs some 40 MB and 200 ms of start, so it is
 * imported only then. Instrumentation is our own (libs/bus, ingress, router), for the GenAI conventions name spans that
 * no automatic instrumentation knows.
 * @returns what to close, or undefined where nothing is traced
 */
export async function startTelemetry(
  service: string,
  version: string,
  instance: string,
  endpoint: string | undefined,
): Promise<Closable | undefined> {
  if (endpoint === undefined) return undefined;
  const [{ NodeSDK }, { resourceFromAttributes }, { BatchSpanProcessor }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ]);
  const sdk = new NodeSDK({
    resource: resourceFromAttributes({
      'service.namespace': 'sluice',
      'service.name': `sluice-${service}`,
      'service.version': version,
      'service.instance.id': instance,
    }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new OTLPTraceExporter(),
        scheduledDelayMillis: 1_000,
        maxQueueSize: 8_192,
        maxExportBatchSize: 512,
      }),
    ],
    autoDetectResources: false,
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  return { close: () => sdk.shutdown() };
}
