import { type ErrorCode, SluiceError } from '@sluice/contracts';
import { z } from 'zod';

/** Longest message of a provider that is passed on, characters: enough to say what is wrong, too short for a prompt. */
const maxMessageLength = 500;
/** Details of one error that are read. */
const maxDetails = 100;

const detail = z.looseObject({
  '@type': z.string().catch(''),
  reason: z.string().optional().catch(undefined),
  retryDelay: z.string().optional().catch(undefined),
  fieldViolations: z
    .array(z.looseObject({ field: z.string().optional().catch(undefined) }))
    .optional()
    .catch(undefined),
});
type Detail = z.infer<typeof detail>;

const errorBody = z.object({
  error: z.object({
    message: z.string().catch(''),
    status: z.string().catch(''),
    details: z.array(z.unknown()).catch([]),
  }),
});

/** Names of `google.rpc.Code`. */
const codeOfStatusName: Readonly<Record<string, ErrorCode>> = {
  RESOURCE_EXHAUSTED: 'rate_limit_exceeded',
  NOT_FOUND: 'model_not_found',
  UNAVAILABLE: 'provider_error',
  INTERNAL: 'provider_error',
  DEADLINE_EXCEEDED: 'provider_error',
  // Our key, our project or our place, never the client's request.
  UNAUTHENTICATED: 'provider_error',
  PERMISSION_DENIED: 'provider_error',
  FAILED_PRECONDITION: 'provider_error',
};

const codeOfHttpStatus: Partial<Record<number, ErrorCode>> = {
  401: 'provider_error',
  403: 'provider_error',
  404: 'model_not_found',
  413: 'request_too_large',
  429: 'rate_limit_exceeded',
};

/** Reasons (`google.rpc.ErrorInfo`) that come with status 400 and mean that our key is at fault. */
const keyReasons = new Set(['API_KEY_INVALID', 'API_KEY_EXPIRED', 'API_KEY_SERVICE_BLOCKED', 'ACCESS_TOKEN_EXPIRED']);

/**
 * Google has one status for all that is wrong with a request, so that a prompt that is too long is known by its words
 * alone: "The input token count (…) exceeds the maximum number of tokens allowed (…)", and of Claude at Vertex "prompt is too long".
 */
const tooLong = /input token count.{0,80}exceeds|exceeds the maximum number of tokens|prompt is too long/i;

/** A refusal of the Gemini API or of Vertex: an object with `error`, or a list of one. */
export function readGoogleError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError {
  const { message, name, details } = readBody(body);
  const said = redact(message).slice(0, maxMessageLength);
  const code = codeOf(status, name, message, details);
  const text = said === '' ? `The provider refused the request with status ${status}; check the body against its API.` : said;
  const param = details.find(({ fieldViolations }) => fieldViolations !== undefined)?.fieldViolations?.[0]?.field;
  const retryAfterSeconds = retryAfter(details);
  return new SluiceError(code, text, {
    providerStatus: status,
    ...(param === undefined || param === '' ? {} : { param }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}

function codeOf(status: number, name: string, message: string, details: readonly Detail[]): ErrorCode {
  if (details.some(({ reason }) => reason !== undefined && keyReasons.has(reason))) return 'provider_error';
  if ((status === 400 || status === 413) && tooLong.test(message)) return 'context_length_exceeded';
  const named = Object.hasOwn(codeOfStatusName, name) ? codeOfStatusName[name] : undefined;
  return named ?? codeOfHttpStatus[status] ?? (status >= 500 ? 'provider_error' : 'invalid_request');
}

/** `google.rpc.RetryInfo`: seconds with a fraction, such as `36.4s`. */
function retryAfter(details: readonly Detail[]): number | undefined {
  for (const { retryDelay } of details) {
    const seconds = /^(\d{1,6}(?:\.\d{1,9})?)s$/.exec(retryDelay ?? '')?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds));
  }
  return undefined;
}

function readBody(body: Uint8Array): { readonly message: string; readonly name: string; readonly details: readonly Detail[] } {
  try {
    const json: unknown = JSON.parse(Buffer.from(body).toString());
    const parsed = errorBody.safeParse(Array.isArray(json) ? json[0] : json);
    if (parsed.success) {
      const { message, status, details } = parsed.data.error;
      return { message, name: status, details: details.slice(0, maxDetails).flatMap((item) => detail.safeParse(item).data ?? []) };
    }
  } catch {
    // A refusal need not be JSON: what stands in front of the API answers in HTML.
  }
  return { message: '', name: '', details: [] };
}
