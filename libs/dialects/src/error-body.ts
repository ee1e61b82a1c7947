import { errorTable, type Dialect, type SluiceError } from '@sluice/contracts';

/** An error as the body of an HTTP answer, in the shape that the dialect's clients expect. */
export function errorBody(dialect: Dialect, error: SluiceError, requestId: string): string {
  const row = errorTable[error.code];
  if (dialect === 'anthropic-messages' || dialect === 'anthropic-count-tokens') {
    return JSON.stringify({ type: 'error', error: { type: row.anthropicType, message: error.message }, request_id: requestId });
  }
  return JSON.stringify({
    error: { message: error.message, type: row.openaiType, param: error.detail.param ?? null, code: error.code },
  });
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
