import type { SimulatedAnswer } from '../simulated-answer.ts';
import { readMessagesRequest } from './messages-request.ts';
import { pieces, typedEvent, type SimulatedWire, type WireHead } from './simulated-wire.ts';

/** Anthropic's messages. */
export const messagesWire: SimulatedWire = {
  read: readMessagesRequest,

  plain: (head, answer) =>
    JSON.stringify({
      ...envelopeOf(head, answer),
      content: contentOf(answer),
      ...stopOf(answer),
      usage: usageOf(answer, answer.completionTokens),
    }),

  stream(head, answer, _request, size) {
    // The output of the start is what the first event holds; the end tells the total.
    const message = { ...envelopeOf(head, answer), content: [], stop_reason: null, stop_sequence: null, usage: usageOf(answer, 1) };
    const events = [typedEvent({ type: 'message_start', message })];
    contentOf(answer).forEach((block, index) => {
      const [begun = '', ...more] = blockEvents(block, index, size);
      events.push(begun, ...(index === 0 ? [typedEvent({ type: 'ping' })] : []), ...more);
    });
    const end = { type: 'message_delta', delta: stopOf(answer), usage: usageOf(answer, answer.completionTokens) };
    events.push(typedEvent(end), typedEvent({ type: 'message_stop' }));
    return events;
  },

  error: anthropicError,
  errorEvent: (message) => `event: error\ndata: ${anthropicError(529, message)}\n\n`,
  malformedEvent: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{\n\n',
};

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown };

function contentOf(answer: SimulatedAnswer): Block[] {
  const blocks: Block[] = [];
  if (answer.reasoning !== '') blocks.push({ type: 'thinking', thinking: answer.reasoning, signature: signatureOf(answer) });
  const text = answer.text === '' ? answer.refusal : answer.text;
  if (text !== '') blocks.push({ type: 'text', text });
  for (const call of answer.toolCalls)
    blocks.push({ type: 'tool_use', id: `toolu_${call.id}`, name: call.name, input: JSON.parse(call.arguments) as unknown });
  return blocks;
}

function blockEvents(block: Block, index: number, size: number): string[] {
  const begun = (content_block: object) => typedEvent({ type: 'content_block_start', index, content_block });
  const more = (delta: object) => typedEvent({ type: 'content_block_delta', index, delta });
  const ended = typedEvent({ type: 'content_block_stop', index });
  switch (block.type) {
    case 'text':
      return [begun({ type: 'text', text: '' }), ...pieces(block.text, size).map((text) => more({ type: 'text_delta', text })), ended];
    case 'thinking':
      return [
        begun({ type: 'thinking', thinking: '', signature: '' }),
        ...pieces(block.thinking, size).map((thinking) => more({ type: 'thinking_delta', thinking })),
        more({ type: 'signature_delta', signature: block.signature }),
        ended,
      ];
    case 'tool_use':
      return [
        begun({ type: 'tool_use', id: block.id, name: block.name, input: {} }),
        more({ type: 'input_json_delta', partial_json: '' }),
        ...pieces(JSON.stringify(block.input), size).map((partial_json) => more({ type: 'input_json_delta', partial_json })),
        ended,
      ];
  }
}

function envelopeOf(head: WireHead, answer: SimulatedAnswer) {
  return { id: `msg_sim_${answer.id}`, type: 'message', role: 'assistant', model: head.model };
}

const stopReasons = { length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal', refusal: 'refusal' } as const;

function stopOf({ finish, stopSequence }: SimulatedAnswer) {
  if (finish !== 'stop') return { stop_reason: stopReasons[finish], stop_sequence: null };
  return { stop_reason: stopSequence === undefined ? 'end_turn' : 'stop_sequence', stop_sequence: stopSequence ?? null };
}

/** `input_tokens` are those that no cache gave. */
function usageOf({ promptTokens, cachedTokens }: SimulatedAnswer, outputTokens: number) {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
  };
}

function signatureOf(answer: SimulatedAnswer): string {
  return Buffer.from(`sim-signature-of-${answer.id}`).toString('base64');
}

const errorTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

/** An error body as Anthropic prints it. */
function anthropicError(status: number, message: string): string {
  const type = errorTypes[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_sim' });
}
