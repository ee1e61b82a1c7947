import { errorTable, type Dialect, type SluiceError } from '@sluice/contracts';

/** An error as the body of an HTTP answer, in the shape that the dialect's clients expect. */
export function errorBody(dialect: Dialect, error: SluiceError, requestId: string): string {
  const row = errorTable[error.code];
  if (dialect === 'anthropic-messages' || dialect === 'anthropic-count-tokens') {
    const told = { type: row.anthropicType, message: error.message, ...threadDetails(error) };
    return JSON.stringify({ type: 'error', error: told, request_id: requestId });
  }
  return JSON.stringify({
    error: { message: error.message, type: row.openaiType, param: error.detail.param ?? null, code: error.code },
  });
}

/** Anthropic's client holds its conversations at the server where it can; by this it learns that it must send all of them. */
function threadDetails({ code, detail }: SluiceError): object {
  if (code !== 'unsupported_feature' || detail.param !== 'thread') return {};
  return { details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] } };
}

/** The same as the last event of a stream that has begun. Clients of every dialect end on it; no `[DONE]` follows. */
export function errorEvent(dialect: Dialect, error: SluiceError, requestId: string): Uint8Array {
  if (dialect === 'anthropic-messages') return Buffer.from(`event: error\ndata: ${errorBody(dialect, error, requestId)}\n\n`);
  if (dialect === 'openai-responses') {
    const data = { type: 'error', code: error.code, message: error.message, param: error.detail.param ?? null };
    return Buffer.from(`event: error\ndata: ${JSON.stringify(data)}\n\n`);
  }
  return Buffer.from(`data: ${errorBody(dialect, error, requestId)}\n\n`);
}
