/** An error body as OpenAI prints it. */
export function openaiError(status: number, message: string, code?: string): string {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return JSON.stringify({ error: { message, type, param: null, code: code ?? (status === 429 ? 'rate_limit_exceeded' : null) } });
}
