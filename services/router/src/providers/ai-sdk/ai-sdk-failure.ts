import { isRecord } from '@sluice/contracts';
import { UnsupportedOption } from './call-options.ts';
import { SetupError } from './load-provider.ts';

/** A failure as an HTTP answer, or as a connection that was lost: what the router knows to deal with. */
export type AiSdkFailure =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly kind: 'connection'; readonly error: Error };

/** Longest answer of a provider that is passed on for its error code, characters. */
const maxBodyLength = 16_384;

/** Errors of the SDK that no HTTP answer caused, by name: classes of two copies of the SDK are never the same. */
const statusOfName: Readonly<Partial<Record<string, number>>> = {
  AI_UnsupportedFunctionalityError: 400,
  AI_InvalidPromptError: 400,
  AI_InvalidArgumentError: 400,
  AI_TooManyEmbeddingValuesForCallError: 400,
  AI_LoadAPIKeyError: 401,
  AI_LoadSettingError: 401,
  AI_NoSuchModelError: 404,
  AI_EmptyResponseBodyError: 502,
  AI_InvalidResponseDataError: 502,
  AI_JSONParseError: 502,
  AI_TypeValidationError: 502,
  AI_NoContentGeneratedError: 502,
};

export function readFailure(thrown: unknown): AiSdkFailure {
  const error = thrown instanceof Error ? thrown : new Error('the provider package threw no error');
  // 501: no status that is tried again, for only the operator can help.
  if (error instanceof SetupError) return answer(501, error.message);
  if (error instanceof UnsupportedOption) return answer(400, error.message);
  const facts: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(error));
  const { statusCode, responseHeaders, responseBody, isRetryable } = facts;
  if (typeof statusCode === 'number') {
    // An answer that came with success and could not be read is no success.
    const status = statusCode >= 400 && statusCode <= 599 ? statusCode : 502;
    return answer(status, error.message, readHeaders(responseHeaders), responseBody);
  }
  const code = connectionCode(error);
  if (code !== undefined || isRetryable === true) {
    return { kind: 'connection', error: Object.assign(new Error('the provider package lost its connection', { cause: error }), { code }) };
  }
  return answer(statusOfName[error.name] ?? 500, error.message);
}

function answer(status: number, message: string, headers: Readonly<Record<string, string>> = {}, providerBody?: unknown): AiSdkFailure {
  const body = typeof providerBody === 'string' ? { body: providerBody.slice(0, maxBodyLength) } : {};
  return { kind: 'answer', status, headers, body: JSON.stringify({ message, ...body }) };
}

/** Names in small letters; those that describe the body are left out, for it is another's. */
export function readHeaders(headers: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(isRecord(headers) ? headers : {}).map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      typeof value === 'string' && !/^content-|^transfer-|^connection$/.test(name) ? [[name, value]] : [],
    ),
  );
}

/** Deepest chain of causes that is followed. */
const maxCauses = 5;

function connectionCode(error: Error): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < maxCauses && current instanceof Error; depth++) {
    if ('code' in current && typeof current.code === 'string' && /^(?:E[A-Z]+|UND_ERR_.*)$/.test(current.code)) return current.code;
    current = current.cause;
  }
  return undefined;
}
