import { isRecord, SluiceError } from '@sluice/contracts';
import type { AnswerContent, JsonObject, ModelAnswer } from '@sluice/dialects';
import { z } from 'zod';
import { readCohereCitation } from './read-cohere-citation.ts';
import { readCohereFinish } from './read-cohere-finish.ts';
import { readCohereLogprobs } from './read-cohere-logprobs.ts';
import { readCohereUsage } from './read-cohere-usage.ts';

const items = z.array(z.record(z.string(), z.unknown())).nullish();
const answerSchema = z.object({
  id: z.string().nullish(),
  generation_id: z.string().nullish(),
  message: z.object({ content: items, tool_plan: z.string().nullish(), tool_calls: items, citations: items }),
  finish_reason: z.string().nullish(),
  usage: z.unknown().optional(),
  logprobs: z.unknown().optional(),
});

/** @throws SluiceError `provider_error` where it is no such answer, or one that failed */
export function decodeCohereAnswer(answer: unknown): ModelAnswer {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    throw new SluiceError('provider_error', 'The provider sent an answer that is not one of Cohere’s chat API.', {}, parsed.error);
  }
  const { id, generation_id, message, finish_reason, usage, logprobs } = parsed.data;
  const finish = readCohereFinish(finish_reason);
  if (finish === undefined) throw new SluiceError('provider_error', 'The provider failed while it wrote its answer.');
  const used = readCohereUsage(usage);
  const probabilities = readCohereLogprobs(logprobs);
  return {
    id: id ?? generation_id ?? '',
    model: '',
    parts: [
      ...(message.tool_plan ? [{ type: 'reasoning' as const, text: message.tool_plan }] : []),
      ...decodeContent(message.content ?? [], message.citations ?? []),
      ...(message.tool_calls ?? []).flatMap((call) => decodeCall(call) ?? []),
    ],
    finish,
    ...(used === undefined ? {} : { usage: used }),
    ...(probabilities === undefined ? {} : { logprobs: probabilities }),
  };
}

function decodeContent(content: readonly JsonObject[], citations: readonly JsonObject[]): AnswerContent[] {
  const firstText = content.findIndex((item) => item.type === 'text');
  return content.flatMap((item, index): AnswerContent[] => {
    if (typeof item.thinking === 'string') return item.thinking === '' ? [] : [{ type: 'reasoning', text: item.thinking }];
    if (typeof item.text !== 'string' || item.text === '') return [];
    const own = citations.filter(({ content_index: at }) => (at ?? firstText) === index || (at === 0 && index === firstText));
    const annotations = own.flatMap((citation) => readCohereCitation(citation) ?? []);
    return [{ type: 'text', text: item.text, ...(annotations.length === 0 ? {} : { annotations }) }];
  });
}

function decodeCall(call: JsonObject): AnswerContent | undefined {
  if (!isRecord(call.function)) return undefined;
  const { name, arguments: input } = call.function;
  const text = typeof input === 'string' ? input : '';
  return {
    type: 'tool-call',
    id: typeof call.id === 'string' ? call.id : '',
    name: typeof name === 'string' ? name : '',
    // Cohere writes null for a tool without arguments.
    input: text.trim() === '' || text.trim() === 'null' ? '{}' : text,
  };
}
