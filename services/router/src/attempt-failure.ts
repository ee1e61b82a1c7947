import type { ModelConfig, SluiceError } from '@sluice/contracts';

/**
 * What a failed call leads to: `retry` the same target (then the next), the `next` target at once, or `final`: the
 * request itself is at fault, and no other target would answer otherwise.
 */
export type Disposition = 'retry' | 'next' | 'final';

export interface AttemptFailure {
  /** Short class as it stands in events and metrics: `connect`, `timeout`, `http_500`, `broken_stream`. */
  readonly kind: string;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly disposition: Disposition;
  /** The provider's own wish, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** What the client is told where the disposition is `final`. */
  readonly error?: SluiceError;
  /** What the provider said, in the words of our error table; for choosing a fallback. */
  readonly told?: SluiceError;
  /** For logs; never shown. */
  readonly cause?: unknown;
}

/** Kind of a call that was ended because a second one answered sooner. */
export const hedgeLost = 'hedge_lost';

/** Statuses by which a provider says that our own account or key is at fault, never the client's. */
const ourMisconfiguration = new Set([401, 402, 403, 407]);

/** Where an HTTP status that is no success leads. */
export function dispositionOf(status: number, retries: ModelConfig['retries']): Disposition {
  if (retries.statuses.includes(status)) return 'retry';
  if (status < 400 || status >= 500 || ourMisconfiguration.has(status)) return 'next';
  // Left out of the retried statuses by the operator, but still no fault of the request; or a model that this target does not have.
  return status === 404 || status === 408 || status === 409 || status === 429 ? 'next' : 'final';
}

export function isMisconfiguration(status: number): boolean {
  return ourMisconfiguration.has(status);
}

/** Whether the target itself is unwell, as against busy or asked for something it does not have. */
export function isIllness(failure: AttemptFailure): boolean {
  return failure.status === 0 || failure.status < 400 || failure.status >= 500;
}

/** Longest `retry-after` that is understood, milliseconds: beyond a day it says "never" for our purpose. */
const maxRetryAfterMs = 86_400_000;

/** `retry-after-ms` (OpenAI), `retry-after` in seconds or as an HTTP date; undefined where absent or senseless. */
export function readRetryAfterMs(headers: Readonly<Record<string, string | string[] | undefined>>, now: number): number | undefined {
  const exact = Number.parseFloat(single(headers['retry-after-ms']) ?? '');
  if (exact >= 0) return Math.min(exact, maxRetryAfterMs);
  const text = single(headers['retry-after']);
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1_000, maxRetryAfterMs);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), maxRetryAfterMs);
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value.trim() : value?.[0];
}

/** How a thrown connection error is called. Codes are undici's and Node's; messages are never looked at. */
export function failureOfError(error: Error, sawHeaders: boolean): AttemptFailure {
  if (sawHeaders) return { kind: 'broken_stream', status: 0, disposition: 'retry', cause: error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || connectCodes.has(code))
    return { kind: 'connect', status: 0, disposition: 'retry', cause: error };
  if (code === 'UND_ERR_INVALID_ARG') return { kind: 'invalid_target', status: 0, disposition: 'next', cause: error };
  if (code.startsWith('ERR_TLS') || code.includes('CERT') || code.includes('UNABLE_TO_VERIFY'))
    return { kind: 'tls', status: 0, disposition: 'next', cause: error };
  // The peer closed a kept connection while the request was under way, or before its answer began.
  return { kind: 'connection_lost', status: 0, disposition: 'retry', cause: error };
}

const connectCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EADDRNOTAVAIL']);
