import { type ErrorCode, isRecord, SluiceError } from '@sluice/contracts';

/** Longest message of a provider that is passed on, characters: enough to say what is wrong, too short for a prompt. */
const maxMessageLength = 500;

const codeOfStatus: Readonly<Partial<Record<number, ErrorCode>>> = {
  404: 'model_not_found',
  413: 'request_too_large',
  415: 'unsupported_media_type',
};

/**
 * Bedrock has one exception for all that is wrong with a request, and only its message tells a prompt that is too long
 * from a misspelt field. Fallbacks need that difference, so here alone a message is matched: these are the wordings of
 * Bedrock and of the models behind it.
 */
const tooLong =
  /input is too long|too many input tokens|prompt is too long|exceeds? (?:the )?(?:maximum|model'?s?) (?:context|input|number of)|context (?:length|limit|window)|maximum context/i;
const unknownModel = /model identifier is invalid|model (?:is )?not found|could not resolve the foundation model/i;

/** A refusal of Bedrock: `{ "message": … }`, with a type that the body does not always name. */
export function readBedrockError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError {
  const said = readMessage(body);
  const message =
    said === undefined
      ? `The provider refused the request with status ${status}; check the body against its API.`
      : redact(said).slice(0, maxMessageLength);
  return new SluiceError(codeOf(status, said), message, { providerStatus: status });
}

function codeOf(status: number, said: string | undefined): ErrorCode {
  if (status === 400 && said !== undefined) {
    if (tooLong.test(said)) return 'context_length_exceeded';
    if (unknownModel.test(said)) return 'model_not_found';
  }
  return codeOfStatus[status] ?? 'invalid_request';
}

function readMessage(body: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString());
    const found = isRecord(parsed) ? (parsed.message ?? parsed.Message) : undefined;
    return typeof found === 'string' && found !== '' ? found : undefined;
  } catch {
    // A refusal need not be JSON: proxies in front of providers answer in HTML.
    return undefined;
  }
}
