import { type ErrorCode, SluiceError } from '@sluice/contracts';
import { z } from 'zod';

/** Longest message of a provider that is passed on, characters: enough to say what is wrong, too short for a prompt. */
const maxMessageLength = 500;

const detail = z.object({ type: z.string().optional(), message: z.string().optional() });
/** Anthropic nests its error; proxies before it write it flat or as a bare string. */
const errorBody = z.union([z.object({ error: detail }), z.object({ error: z.string() }), detail]);

const codeOfStatus: Partial<Record<number, ErrorCode>> = {
  // The account's troubles, not the client's: its key was good.
  401: 'provider_error',
  402: 'provider_error',
  403: 'provider_error',
  404: 'not_found',
  413: 'request_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limit_exceeded',
  529: 'overloaded',
};

/** Anthropic's words that have a row of their own in the error table. */
const codeOfType: Partial<Record<string, ErrorCode>> = {
  request_too_large: 'request_too_large',
  rate_limit_error: 'rate_limit_exceeded',
  overloaded_error: 'overloaded',
  timeout_error: 'deadline_exceeded',
};

/**
 * Anthropic has no code for a prompt that is too long: it is an `invalid_request_error` as any other, told apart by its
 * words alone ("prompt is too long: 210000 tokens > 200000 maximum", "input length and `max_tokens` exceed context limit").
 */
const tooLong = /prompt is too long|exceeds? (?:the )?(?:model'?s? )?(?:maximum )?context (?:limit|window|length)/i;
/** The same for a model that the account cannot use: `not_found_error` with nothing but its name. */
const noModel = /^model: /i;

/** A refusal that is the client's own fault, with what the provider says about it. */
export function readAnthropicError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError {
  const facts = readDetail(body);
  const said = facts.message === undefined ? '' : redact(facts.message).slice(0, maxMessageLength);
  const message = said === '' ? `The provider refused the request with status ${status}; check the body against its API.` : said;
  return new SluiceError(codeOf(status, facts), message, { providerStatus: status });
}

function codeOf(status: number, { type, message = '' }: z.infer<typeof detail>): ErrorCode {
  if (status === 400 && tooLong.test(message)) return 'context_length_exceeded';
  if (status === 404 && noModel.test(message)) return 'model_not_found';
  const named = type === undefined ? undefined : codeOfType[type];
  return named ?? codeOfStatus[status] ?? (status >= 500 ? 'provider_error' : 'invalid_request');
}

function readDetail(body: Uint8Array): z.infer<typeof detail> {
  try {
    const parsed = errorBody.safeParse(JSON.parse(Buffer.from(body).toString()));
    if (!parsed.success) return {};
    if (!('error' in parsed.data)) return parsed.data;
    return typeof parsed.data.error === 'string' ? { message: parsed.data.error } : parsed.data.error;
  } catch {
    // A refusal need not be JSON: proxies in front of providers answer in HTML.
    return {};
  }
}
