import { type ErrorCode, isErrorCode, isRecord, SluiceError } from '@sluice/contracts';

/** Longest message of a provider that is passed on, characters: enough to say what is wrong, too short for a prompt. */
const maxMessageLength = 500;

const codeOfStatus: Readonly<Partial<Record<number, ErrorCode>>> = {
  404: 'model_not_found',
  413: 'request_too_large',
  415: 'unsupported_media_type',
};

/** Most providers name no kind for a prompt that is too long, and fallbacks need to know it. */
const tooLong = /too (?:long|many tokens)|(?:maximum|exceeds?).{0,40}(?:context|token)|context (?:length|window|limit)/i;

/** A refusal as the transport tells it: the SDK's message, and what the provider wrote, whose code is the more exact. */
export function readAiSdkError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError {
  const told = parse(Buffer.from(body).toString());
  const said = typeof told.message === 'string' && told.message !== '' ? told.message : undefined;
  const message =
    said === undefined
      ? `The provider refused the request with status ${status}; check the body against its API.`
      : redact(said).slice(0, maxMessageLength);
  const named = providerCode(told.body);
  if (named !== undefined) return new SluiceError(named, message, { providerStatus: status });
  const long = status === 400 && said !== undefined && tooLong.test(said);
  return new SluiceError(long ? 'context_length_exceeded' : (codeOfStatus[status] ?? 'invalid_request'), message, {
    providerStatus: status,
  });
}

/** The code in the provider's own body, where it is one of our table. */
function providerCode(body: unknown): ErrorCode | undefined {
  if (typeof body !== 'string') return undefined;
  const { error, code } = parse(body);
  const found = isRecord(error) ? error.code : code;
  if (found === 'content_filter') return 'content_policy_violation';
  return typeof found === 'string' && isErrorCode(found) ? found : undefined;
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {}; // a proxy's page
  }
}
