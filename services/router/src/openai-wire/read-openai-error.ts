import { type ErrorCode, SluiceError } from '@sluice/contracts';
import { z } from 'zod';

/** Longest message of a provider that is passed on, characters: enough to say what is wrong, too short for a prompt. */
const maxMessageLength = 500;

const detail = z.object({ message: z.string().optional(), code: z.union([z.string(), z.number()]).nullish(), param: z.string().nullish() });
/** OpenAI nests its error; several compatible servers write it flat or as a bare string. */
const errorBody = z.union([z.object({ error: detail }), z.object({ error: z.string() }), detail]);

const codeOfStatus: Partial<Record<number, ErrorCode>> = {
  404: 'not_found',
  413: 'request_too_large',
  415: 'unsupported_media_type',
};

/** Provider codes that have a row of their own in the error table. */
const codeOfProviderCode: Partial<Record<string, ErrorCode>> = {
  context_length_exceeded: 'context_length_exceeded',
  model_not_found: 'model_not_found',
  content_filter: 'content_policy_violation',
  content_policy_violation: 'content_policy_violation',
};

/** A refusal that is the client's own fault, with what the provider says about it. */
export function readOpenaiError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError {
  const facts = readDetail(body);
  const code = codeOfProviderCode[String(facts.code)] ?? codeOfStatus[status] ?? 'invalid_request';
  const said = facts.message === undefined ? '' : redact(facts.message).slice(0, maxMessageLength);
  const message = said === '' ? `The provider refused the request with status ${status}; check the body against its API.` : said;
  return new SluiceError(code, message, { providerStatus: status, ...(facts.param ? { param: facts.param } : {}) });
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
