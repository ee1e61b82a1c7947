/** The one table of failures: HTTP status, and the `type` that each client dialect expects. */
interface ErrorRow {
  readonly status: number;
  /** `error.type` of an OpenAI body. */
  readonly openaiType: string;
  /** `error.type` of an Anthropic body. */
  readonly anthropicType: string;
  /** Seconds for `retry-after` where the failure names none; absent: the header is not sent. */
  readonly retryAfterSeconds?: number;
}

export const errorTable = {
  invalid_request: { status: 400, openaiType: 'invalid_request_error', anthropicType: 'invalid_request_error' },
  unsupported_feature: { status: 400, openaiType: 'invalid_request_error', anthropicType: 'invalid_request_error' },
  context_length_exceeded: { status: 400, openaiType: 'invalid_request_error', anthropicType: 'invalid_request_error' },
  invalid_api_key: { status: 401, openaiType: 'authentication_error', anthropicType: 'authentication_error' },
  content_policy_violation: { status: 403, openaiType: 'invalid_request_error', anthropicType: 'permission_error' },
  model_not_allowed: { status: 403, openaiType: 'invalid_request_error', anthropicType: 'permission_error' },
  model_not_found: { status: 404, openaiType: 'invalid_request_error', anthropicType: 'not_found_error' },
  not_found: { status: 404, openaiType: 'invalid_request_error', anthropicType: 'not_found_error' },
  method_not_allowed: { status: 405, openaiType: 'invalid_request_error', anthropicType: 'invalid_request_error' },
  conflict: { status: 409, openaiType: 'invalid_request_error', anthropicType: 'invalid_request_error' },
  request_too_large: { status: 413, openaiType: 'invalid_request_error', anthropicType: 'request_too_large' },
  unsupported_media_type: { status: 415, openaiType: 'invalid_request_error', anthropicType: 'invalid_request_error' },
  rate_limit_exceeded: { status: 429, openaiType: 'rate_limit_error', anthropicType: 'rate_limit_error', retryAfterSeconds: 1 },
  insufficient_quota: { status: 429, openaiType: 'insufficient_quota', anthropicType: 'rate_limit_error', retryAfterSeconds: 60 },
  client_closed_request: { status: 499, openaiType: 'invalid_request_error', anthropicType: 'invalid_request_error' },
  internal_error: { status: 500, openaiType: 'server_error', anthropicType: 'api_error' },
  provider_error: { status: 502, openaiType: 'server_error', anthropicType: 'api_error' },
  stage_unavailable: { status: 503, openaiType: 'server_error', anthropicType: 'overloaded_error', retryAfterSeconds: 2 },
  model_unavailable: { status: 503, openaiType: 'server_error', anthropicType: 'overloaded_error', retryAfterSeconds: 1 },
  overloaded: { status: 503, openaiType: 'server_error', anthropicType: 'overloaded_error', retryAfterSeconds: 1 },
  deadline_exceeded: { status: 504, openaiType: 'server_error', anthropicType: 'api_error' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** Whether a string from the wire is a code of {@link errorTable}. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}

export interface ErrorDetail {
  /** Request field, header or setting that is at fault, as a dot path (`messages.0.role`). */
  readonly param?: string | undefined;
  /** Seconds after which a retry may succeed; defaults to the table's. */
  readonly retryAfterSeconds?: number | undefined;
  /** Service or stage that refused. */
  readonly stage?: string | undefined;
  /** Upstream HTTP status where a provider's answer is the cause. */
  readonly providerStatus?: number | undefined;
}

/**
 * The only error class that crosses a boundary. `message` is public: it says what to do and holds no
 * secret, prompt or stack. The internal reason goes into `cause` and reaches logs only.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.detail = detail;
  }

  get status(): number {
    return errorTable[this.code].status;
  }

  /** Seconds for the `retry-after` header, or undefined where a retry is pointless. */
  get retryAfterSeconds(): number | undefined {
    const row: ErrorRow = errorTable[this.code];
    return this.detail.retryAfterSeconds ?? row.retryAfterSeconds;
  }

  /** The error as it travels in a bus message; the cause stays behind. */
  toWire(): WireError {
    return { code: this.code, message: this.message, ...this.detail };
  }

  static fromWire(wire: WireError): SluiceError {
    const { code, message, ...detail } = wire;
    return new SluiceError(isErrorCode(code) ? code : 'internal_error', message, detail);
  }

  /** What the public may see of any thrown value: itself if it is ours, else a bare internal error with the cause kept. */
  static from(thrown: unknown): SluiceError {
    return thrown instanceof SluiceError
      ? thrown
      : new SluiceError('internal_error', 'An internal error occurred; retry, and quote x-request-id if it persists.', {}, thrown);
  }
}

export interface WireError extends ErrorDetail {
  readonly code: string;
  readonly message: string;
}
