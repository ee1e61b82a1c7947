import type { JsonObject } from '../json-value.ts';
import type { AnswerContext } from '../neutral/codec.ts';
import type { ModelAnswer } from '../neutral/model-answer.ts';
import { OutputAssembler } from './output-assembler.ts';
import { encodeUsage, idBase, responseObject, statusOf } from './response-object.ts';

/** A whole answer as a response object. */
export function encodeAnswer(answer: ModelAnswer, context: AnswerContext): JsonObject {
  const output = new OutputAssembler(idBase(context), () => undefined);
  for (const [part, content] of answer.parts.entries()) {
    switch (content.type) {
      case 'text':
        output.push({ type: 'text', part, text: content.text, ...(part === firstText(answer) ? { logprobs: answer.logprobs } : {}) });
        for (const annotation of content.annotations ?? []) output.push({ type: 'annotation', part, annotation });
        break;
      case 'refusal':
        output.push({ type: 'refusal', part, text: content.text });
        break;
      case 'reasoning': {
        const { id, sealed, signature } = content;
        const named = id === undefined ? {} : { id };
        output.push({ type: 'reasoning', part, text: content.text, ...named });
        if (signature !== undefined)
          output.push({ type: 'signature', part, signature, ...(sealed === undefined ? {} : { sealed }), ...named });
        break;
      }
      case 'tool-call': {
        const { input, ...call } = content;
        output.push({ ...call, part });
        output.push({ type: 'tool-input', part, text: input });
        break;
      }
      case 'native':
        output.push({ ...content, part });
    }
  }
  const end = statusOf(answer.finish);
  return responseObject(answer, context, {
    ...end,
    output: output.finish(end.status, answer.finish.reason === 'refusal'),
    usage: encodeUsage(answer.usage),
  });
}

/** Log probabilities belong to the choice; they are told with its first text. */
function firstText(answer: ModelAnswer): number {
  return answer.parts.findIndex((part) => part.type === 'text');
}
