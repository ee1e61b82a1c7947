import { type ErrorCode, isRecord, SluiceError } from '@sluice/contracts';

/** Longest message of a provider that is passed on, characters: enough to say what is wrong, too short for a prompt. */
const maxMessageLength = 500;

const codeOfStatus: Readonly<Partial<Record<number, ErrorCode>>> = {
  404: 'model_not_found',
  413: 'request_too_large',
  415: 'unsupported_media_type',
};

/** Cohere names no kinds of error: only the message tells a prompt that is too long, and fallbacks need to know it. */
const tooLong = /too many tokens|maximum (?:context|number of tokens|token)|context (?:length|window)|prompt is too long/i;

/** A refusal of Cohere: `{ "message": … }`. */
export function readCohereError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError {
  const said = readMessage(body);
  const code = status === 400 && said !== undefined && tooLong.test(said) ? 'context_length_exceeded' : codeOfStatus[status];
  const message =
    said === undefined
      ? `The provider refused the request with status ${status}; check the body against its API.`
      : redact(said).slice(0, maxMessageLength);
  return new SluiceError(code ?? 'invalid_request', message, { providerStatus: status });
}

function readMessage(body: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString());
    return isRecord(parsed) && typeof parsed.message === 'string' && parsed.message !== '' ? parsed.message : undefined;
  } catch {
    // A refusal need not be JSON: proxies in front of providers answer in HTML.
    return undefined;
  }
}
