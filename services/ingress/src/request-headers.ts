import type { IncomingHttpHeaders } from 'node:http';
import { isRecord, SluiceError, type CacheDirectives } from '@sluice/contracts';

const tagLimit = 32;
const tagNameLength = 64;
const tagValueLength = 256;
const metadataBytes = 8_192;
const namespaceLength = 128;
const userLength = 256;
/** A cached answer lives at most this long, whatever a client asks: 30 days. */
const cacheTtlLimitSeconds = 30 * 86_400;

/** What a caller asks by header, checked. */
export interface RequestOptions {
  readonly cache: CacheDirectives;
  readonly tags: Record<string, string>;
  readonly user?: string;
  readonly timeoutMs?: number;
}

/**
 * Reads our request headers.
 * @throws SluiceError `invalid_request` naming the header and the fix
 */
export function readRequestOptions(headers: IncomingHttpHeaders): RequestOptions {
  const user = one(headers, 'x-sluice-user');
  if (user !== undefined && user.length > userLength) throw wrong('x-sluice-user', `must have at most ${userLength} characters`);
  const timeout = one(headers, 'x-request-timeout-ms');
  return {
    cache: readCacheDirectives(headers),
    tags: readTags(one(headers, 'x-sluice-metadata')),
    ...(user === undefined ? {} : { user }),
    ...(timeout === undefined ? {} : { timeoutMs: readInteger('x-request-timeout-ms', timeout, 1, 86_400_000) }),
  };
}

function readCacheDirectives(headers: IncomingHttpHeaders): CacheDirectives {
  const directives: CacheDirectives = {};
  const namespace = one(headers, 'x-sluice-cache-namespace');
  if (namespace !== undefined) {
    if (namespace.length > namespaceLength) throw wrong('x-sluice-cache-namespace', `must have at most ${namespaceLength} characters`);
    directives.namespace = namespace;
  }
  const threshold = one(headers, 'x-sluice-cache-threshold');
  if (threshold !== undefined) {
    const value = Number(threshold);
    if (!(value >= 0 && value <= 1) || threshold.trim() === '') throw wrong('x-sluice-cache-threshold', 'must be a number from 0 to 1');
    directives.threshold = value;
  }
  const ttl = one(headers, 'x-sluice-cache-ttl');
  if (ttl !== undefined) directives.ttlSeconds = readInteger('x-sluice-cache-ttl', ttl, 1, cacheTtlLimitSeconds);
  const control = headers['cache-control'];
  if (control !== undefined) readCacheControl(control, directives);
  return directives;
}

/** Directives that we do not know are ignored, as RFC 9111 section 5.2 asks. */
function readCacheControl(control: string, directives: CacheDirectives): void {
  for (const part of control.toLowerCase().split(',')) {
    const directive = part.trim();
    if (directive === 'no-cache') directives.noLookup = true;
    else if (directive === 'no-store') directives.noStore = true;
    else if (directive.startsWith('max-age=')) directives.maxAgeSeconds = readInteger('cache-control', directive.slice(8), 0, 2 ** 31);
  }
}

function readTags(metadata: string | undefined): Record<string, string> {
  if (metadata === undefined) return {};
  const header = 'x-sluice-metadata';
  if (metadata.length > metadataBytes) throw wrong(header, `must have at most ${metadataBytes} bytes`);
  const entries = membersOf(metadata);
  if (entries === undefined) throw wrong(header, 'must be a JSON object such as {"project":"search"}');
  if (entries.length > tagLimit) throw wrong(header, `must have at most ${tagLimit} entries`);
  const tags: Record<string, string> = Object.create(null) as Record<string, string>; // a tag named __proto__ is a tag
  for (const [name, tag] of entries) {
    if (typeof tag !== 'string' && typeof tag !== 'number' && typeof tag !== 'boolean')
      throw wrong(header, `entry "${name.slice(0, tagNameLength)}" must be a string, number or boolean`);
    const text = String(tag);
    if (name.length === 0 || name.length > tagNameLength || text.length > tagValueLength) {
      throw wrong(header, `names have 1 to ${tagNameLength} characters, values at most ${tagValueLength}`);
    }
    tags[name] = text;
  }
  return tags;
}

const stringsAndColons = /("(?:[^"\\]|\\.)*")(\s*:)?/g;

/**
 * Members of a JSON object without objects in it; undefined where it is none. Names with escapes, which a header needs for all beyond ASCII, are
 * read as an array's strings: as names `JSON.parse` may take them for others that somebody else has sent (see `hasEscapedName`).
 */
function membersOf(document: string): (readonly [string, unknown])[] | undefined {
  try {
    const value: unknown = JSON.parse(document);
    if (!isRecord(value)) return undefined;
    if (!document.includes('\\')) return Object.entries(value);
    const list = document.trim().slice(1, -1);
    const flat = JSON.parse(
      `[${list.replace(stringsAndColons, (_, text: string, colon?: string) => (colon === undefined ? text : `${text},`))}]`,
    ) as unknown[]; // in brackets
    return flat.flatMap((name, index) => (index % 2 === 0 ? [[String(name), flat[index + 1]] as const] : []));
  } catch {
    return undefined;
  }
}

function readInteger(header: string, text: string, minimum: number, maximum: number): number {
  const value = Number(text);
  if (!/^\d{1,12}$/.test(text.trim()) || value < minimum || value > maximum)
    throw wrong(header, `must be a whole number from ${minimum} to ${maximum}`);
  return value;
}

function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function wrong(header: string, problem: string): SluiceError {
  return new SluiceError('invalid_request', `Header ${header} ${problem}.`, { param: header });
}
