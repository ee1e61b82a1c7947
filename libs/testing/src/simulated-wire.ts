import type { SimulatedAnswer } from './simulated-answer.ts';

/** Facts that every form of an answer repeats. */
export interface WireHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

function usageOf(answer: SimulatedAnswer): Record<string, unknown> {
  return {
    prompt_tokens: answer.promptTokens,
    completion_tokens: answer.completionTokens,
    total_tokens: answer.promptTokens + answer.completionTokens,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

/** A plain `chat.completion`. */
export function completionOf(head: WireHead, answer: SimulatedAnswer): string {
  const toolCalls = answer.toolCalls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
  const message = {
    role: 'assistant',
    content: toolCalls.length > 0 ? null : answer.text,
    refusal: null,
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
  };
  return JSON.stringify({
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: answer.finishReason }],
    usage: usageOf(answer),
    system_fingerprint: 'fp_sim',
  });
}

/** The SSE events of a streamed answer, `[DONE]` last, each with its blank line. */
export function streamOf(head: WireHead, answer: SimulatedAnswer, includeUsage: boolean, chunkCharacters: number): string[] {
  const envelope = `{"id":${JSON.stringify(head.id)},"object":"chat.completion.chunk","created":${head.created},"model":${JSON.stringify(head.model)},"system_fingerprint":"fp_sim","choices":`;
  const end = includeUsage ? ',"usage":null}\n\n' : '}\n\n';
  const event = (delta: unknown, finish: string | null) =>
    `data: ${envelope}[{"index":0,"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":${JSON.stringify(finish)}}]${end}`;
  const events = [event({ role: 'assistant', content: answer.toolCalls.length > 0 ? null : '' }, null)];
  for (const piece of pieces(answer.text, chunkCharacters)) events.push(event({ content: piece }, null));
  for (const [index, call] of answer.toolCalls.entries()) {
    events.push(event({ tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] }, null));
    for (const piece of pieces(call.arguments, chunkCharacters))
      events.push(event({ tool_calls: [{ index, function: { arguments: piece } }] }, null));
  }
  events.push(event({}, answer.finishReason));
  if (includeUsage) events.push(`data: ${envelope}[],"usage":${JSON.stringify(usageOf(answer))}}\n\n`);
  events.push('data: [DONE]\n\n');
  return events;
}

/** Cuts a text into pieces of so many characters, never inside one. */
function pieces(text: string, size: number): string[] {
  const found: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + size, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end += 1;
    found.push(text.slice(start, end));
    start = end;
  }
  return found;
}

/** An error body as OpenAI prints it. */
export function errorOf(status: number, message: string): string {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return JSON.stringify({ error: { message, type, param: null, code: status === 429 ? 'rate_limit_exceeded' : null } });
}
