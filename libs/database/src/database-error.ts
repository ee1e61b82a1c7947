import { SluiceError } from '@sluice/contracts';

/** Errors of sockets and name resolution: nobody answers at the address. */
const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ENOENT',
]);

/** SQLSTATEs of a server that is starting, stopping or full (classes 08 and 57P, and 53300). */
const unavailableState = /^(08...|57P0[1-5]|53300)$/;

interface CodedError extends Error {
  code?: unknown;
  /** Rows and values as the server quotes them. */
  detail?: unknown;
  where?: unknown;
}

/** Only errors that tell their own code are answered by code; `pg` has none for its own time-outs and lost sockets. */
const clientFailures = [
  { text: 'timeout exceeded when trying to connect', kind: 'unreachable' },
  { text: 'Connection terminated', kind: 'unreachable' },
  { text: 'Client has encountered a connection error', kind: 'unreachable' },
  { text: 'Query read timeout', kind: 'timeout' },
] as const;

/**
 * What a failure of the database means to an operator, with the fix; the password never stands in it. The driver's
 * error is the cause, without the row values that the server quotes, since causes reach the log.
 */
export function databaseError(thrown: unknown, address: string): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  const cause: CodedError = thrown instanceof Error ? withoutRowValues(thrown) : new Error('the driver threw a value that is no error');
  const code = codeOf(cause);
  const kind = clientFailures.find(({ text }) => cause.message.startsWith(text))?.kind;
  if (kind === 'unreachable' || unreachableCodes.has(code) || unavailableState.test(code)) {
    return new SluiceError(
      'stage_unavailable',
      `The database at ${address} does not answer; start it, or correct DATABASE_URL.`,
      {},
      cause,
    );
  }
  if (kind === 'timeout' || code === '57014') {
    return new SluiceError(
      'deadline_exceeded',
      `A statement took longer than the limit at ${address}; the database is overloaded or locked.`,
      {},
      cause,
    );
  }
  const fix = fixOf(code);
  if (fix !== undefined) return new SluiceError('stage_unavailable', `The database at ${address} ${fix}.`, {}, cause);
  return new SluiceError('internal_error', `The database refused a statement (SQLSTATE ${code === '' ? 'unknown' : code}).`, {}, cause);
}

/** Whether waiting may help: nobody answers, or the server is starting. Wrong passwords and names stay wrong. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof SluiceError) || error.code !== 'stage_unavailable') return false;
  const state = sqlStateOf(error);
  return state === undefined || unavailableState.test(state);
}

function fixOf(code: string): string | undefined {
  if (code === '28P01' || code === '28000') return 'refuses the user or password; correct them in DATABASE_URL';
  if (code === '3D000') return 'has no such database; create it, or correct its name in DATABASE_URL';
  if (code === '42501') return 'denies a permission; grant the user of DATABASE_URL the right to create and use its schema';
  if (code === '53100') return 'has no disk space left; free some';
  return undefined;
}

/** The SQLSTATE behind an error of this library, e.g. `23505`; undefined for anything else. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof SluiceError) || !(error.cause instanceof Error)) return undefined;
  const code = codeOf(error.cause);
  return unreachableCodes.has(code) || !/^[0-9A-Z]{5}$/.test(code) ? undefined : code;
}

function withoutRowValues(error: CodedError): CodedError {
  delete error.detail;
  delete error.where;
  return error;
}

function codeOf(error: CodedError): string {
  return typeof error.code === 'string' ? error.code : '';
}
