/**
 * Never passed on, whatever the configuration says: the client's credentials are for this gateway, and the rest
 * belongs to one connection or is written by the router.
 */
const neverForwarded = new Set([
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'cookie',
  'host',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'content-length',
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'traceparent',
  'tracestate',
  'x-sluice-request-id',
  'x-sluice-attempt',
]);

/** Whether a header may go on, by the patterns of a provider; undefined where it takes none. */
export function compileForwardedHeaders(patterns: readonly string[]): ((header: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  const exact = new Set(lower.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = lower.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (header) => !neverForwarded.has(header) && (exact.has(header) || prefixes.some((prefix) => header.startsWith(prefix)));
}

/** What HTTP admits as a field value: a line break in it would begin a header of the client's making. */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
