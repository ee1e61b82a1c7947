import type { SimulatedAnswer } from '../simulated-answer.ts';
import { readChatRequest } from './chat-request.ts';
import { openaiError } from './openai-error.ts';
import { openaiUsage } from './openai-usage.ts';
import { pieces, type SimulatedWire } from './simulated-wire.ts';

const fingerprint = 'fp_sim';

/** OpenAI's chat completions; thoughts as `reasoning_content`, as DeepSeek and others write them. */
export const chatWire: SimulatedWire = {
  read: readChatRequest,

  plain(head, answer, request) {
    const toolCalls = answer.toolCalls.map((call) => ({
      id: callId(call.id),
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    }));
    const message = {
      role: 'assistant',
      content: toolCalls.length > 0 || answer.refusal !== '' ? null : answer.text,
      refusal: answer.refusal === '' ? null : answer.refusal,
      ...(answer.reasoning === '' ? {} : { reasoning_content: answer.reasoning }),
      ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    };
    return JSON.stringify({
      id: answerId(answer),
      object: 'chat.completion',
      created: head.created,
      model: head.model,
      choices: [{ index: 0, message, logprobs: request.logprobs ? logprobsOf(answer.text) : null, finish_reason: finishReason(answer) }],
      usage: openaiUsage(answer),
      system_fingerprint: fingerprint,
    });
  },

  stream(head, answer, request, size) {
    const envelope = `{"id":"${answerId(answer)}","object":"chat.completion.chunk","created":${head.created},"model":${JSON.stringify(head.model)},"system_fingerprint":"${fingerprint}","choices":`;
    const end = request.includeUsage ? ',"usage":null}\n\n' : '}\n\n';
    const event = (delta: unknown, finish: string | null = null, logprobs: unknown = null) =>
      `data: ${envelope}[{"index":0,"delta":${JSON.stringify(delta)},"logprobs":${JSON.stringify(logprobs)},"finish_reason":${JSON.stringify(finish)}}]${end}`;
    const events = [event({ role: 'assistant', content: answer.toolCalls.length > 0 ? null : '' })];
    for (const piece of pieces(answer.reasoning, size)) events.push(event({ reasoning_content: piece }));
    for (const piece of pieces(answer.refusal, size)) events.push(event({ refusal: piece }));
    for (const piece of pieces(answer.text, size))
      events.push(event({ content: piece }, null, request.logprobs ? logprobsOf(piece) : null));
    for (const [index, call] of answer.toolCalls.entries()) {
      const begun = { index, id: callId(call.id), type: 'function', function: { name: call.name, arguments: '' } };
      events.push(event({ tool_calls: [begun] }));
      for (const piece of pieces(call.arguments, size)) events.push(event({ tool_calls: [{ index, function: { arguments: piece } }] }));
    }
    events.push(event({}, finishReason(answer)));
    if (request.includeUsage) events.push(`data: ${envelope}[],"usage":${JSON.stringify(openaiUsage(answer))}}\n\n`);
    events.push('data: [DONE]\n\n');
    return events;
  },

  error: openaiError,
  errorEvent: (message) => `data: ${openaiError(500, message)}\n\n`,
  malformedEvent: 'data: {"id":"chatcmpl-sim","choices":[{\n\n',
};

function answerId(answer: SimulatedAnswer): string {
  return `chatcmpl-sim-${answer.id}`;
}

function callId(id: string): string {
  return `call_${id}`;
}

/** OpenAI's models that refuse end with `stop`; what they say stands in `refusal`. */
function finishReason({ finish }: SimulatedAnswer): string {
  return finish === 'refusal' ? 'stop' : finish;
}

/** Four characters a token, all of the same probability. */
function logprobsOf(text: string): unknown {
  const content = pieces(text, 4).map((token) => ({ token, logprob: -0.5, bytes: [...Buffer.from(token)], top_logprobs: [] }));
  return { content, refusal: null };
}
