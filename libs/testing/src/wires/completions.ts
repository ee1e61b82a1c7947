import type { SimulatedAnswer } from '../simulated-answer.ts';
import { asCount, contentText, membersOf, missingModel, readConversation, readStop } from '../simulated-request.ts';
import { openaiError } from './openai-error.ts';
import { openaiUsage } from './openai-usage.ts';
import { pieces, type SimulatedWire } from './simulated-wire.ts';

/** OpenAI gives so few unless told. */
const defaultMaxTokens = 16;

/** OpenAI's older completions. Several prompts are answered as one. */
export const completionsWire: SimulatedWire = {
  read(body) {
    const members = membersOf(body);
    const { model, prompt } = members;
    if (typeof model !== 'string' || model === '') return missingModel;
    if (typeof prompt !== 'string' && !Array.isArray(prompt)) return "you must provide a 'prompt' parameter";
    return {
      model,
      stream: members.stream === true,
      includeUsage: membersOf(members.stream_options).include_usage === true,
      ...readConversation([{ role: 'user', text: contentText(prompt) }]),
      maxTokens: asCount(members.max_tokens) ?? defaultMaxTokens,
      tools: [],
      toolChoice: 'none',
      parallelToolCalls: false,
      responseFormat: 'text',
      stopSequences: readStop(members.stop),
      logprobs: false,
    };
  },

  plain: (head, answer) =>
    JSON.stringify({
      id: answerId(answer),
      object: 'text_completion',
      created: head.created,
      model: head.model,
      choices: [{ text: answer.text, index: 0, logprobs: null, finish_reason: finishReason(answer) }],
      usage: openaiUsage(answer),
      system_fingerprint: 'fp_sim',
    }),

  stream(head, answer, request, size) {
    const chunk = (choices: unknown[], usage: unknown) =>
      `data: ${JSON.stringify({
        id: answerId(answer),
        object: 'text_completion',
        created: head.created,
        model: head.model,
        choices,
        ...(request.includeUsage ? { usage } : {}),
      })}\n\n`;
    const event = (text: string, finish: string | null) => chunk([{ text, index: 0, logprobs: null, finish_reason: finish }], null);
    const events = pieces(answer.text, size).map((piece) => event(piece, null));
    events.push(event('', finishReason(answer)));
    if (request.includeUsage) events.push(chunk([], openaiUsage(answer)));
    events.push('data: [DONE]\n\n');
    return events;
  },

  error: openaiError,
  errorEvent: (message) => `data: ${openaiError(500, message)}\n\n`,
  malformedEvent: 'data: {"id":"cmpl-sim","choices":[{\n\n',
};

function answerId(answer: SimulatedAnswer): string {
  return `cmpl-sim-${answer.id}`;
}

function finishReason({ finish }: SimulatedAnswer): string {
  return finish === 'length' || finish === 'content_filter' ? finish : 'stop';
}
