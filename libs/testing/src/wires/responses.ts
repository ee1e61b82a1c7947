import type { SimulatedAnswer } from '../simulated-answer.ts';
import { openaiError } from './openai-error.ts';
import { readResponsesRequest } from './responses-request.ts';
import { itemEvents, itemsOfAnswer } from './responses-items.ts';
import { typedEvent, type SimulatedWire, type TypedData, type WireHead } from './simulated-wire.ts';

/** OpenAI's responses. */
export const responsesWire: SimulatedWire = {
  read: readResponsesRequest,

  plain: (head, answer) => JSON.stringify(responseOf(head, answer)),

  stream(head, answer, _request, size) {
    let sequence = 0;
    const event = (data: TypedData) => typedEvent({ ...data, sequence_number: sequence++ });
    const whole = responseOf(head, answer);
    const begun = { ...whole, status: 'in_progress', incomplete_details: null, output: [], usage: null };
    const events = [event({ type: 'response.created', response: begun }), event({ type: 'response.in_progress', response: begun })];
    itemsOfAnswer(answer).forEach((item, index) => {
      for (const data of itemEvents(item, index, size)) events.push(event(data));
    });
    events.push(event({ type: isCut(answer) ? 'response.incomplete' : 'response.completed', response: whole }));
    return events;
  },

  error: openaiError,
  errorEvent: (message) => typedEvent({ type: 'error', code: 'server_error', message, param: null, sequence_number: 99 }),
  malformedEvent: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",\n\n',
};

function responseOf(head: WireHead, answer: SimulatedAnswer) {
  const reason = answer.finish === 'length' ? 'max_output_tokens' : 'content_filter';
  return {
    id: `resp_sim_${answer.id}`,
    object: 'response',
    created_at: head.created,
    status: isCut(answer) ? 'incomplete' : 'completed',
    background: false,
    error: null,
    incomplete_details: isCut(answer) ? { reason } : null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: head.model,
    output: itemsOfAnswer(answer),
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    usage: {
      input_tokens: answer.promptTokens,
      input_tokens_details: { cached_tokens: answer.cachedTokens },
      output_tokens: answer.completionTokens,
      output_tokens_details: { reasoning_tokens: answer.reasoningTokens },
      total_tokens: answer.promptTokens + answer.completionTokens,
    },
    user: null,
  };
}

function isCut({ finish }: SimulatedAnswer): boolean {
  return finish === 'length' || finish === 'content_filter';
}
