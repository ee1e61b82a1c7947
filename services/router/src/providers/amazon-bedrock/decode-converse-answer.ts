import { isRecord, SluiceError } from '@sluice/contracts';
import type { AnswerContent, JsonObject, ModelAnswer, Signature } from '@sluice/dialects';
import { z } from 'zod';
import { jsonToolOf } from './json-tool.ts';
import { readCitation } from './read-citation.ts';
import { converseUsage, readConverseUsage } from './read-converse-usage.ts';
import { readStopReason } from './read-stop-reason.ts';

const answerSchema = z.object({
  output: z.object({ message: z.object({ content: z.array(z.record(z.string(), z.unknown())) }) }),
  stopReason: z.string().nullish(),
  usage: converseUsage.nullish(),
  additionalModelResponseFields: z.unknown().optional(),
  serviceTier: z.object({ type: z.string() }).nullish(),
});

/**
 * @param sent the body that the answer is for; it says whether a tool call is the JSON that the client asked for
 * @throws SluiceError `provider_error`
 */
export function decodeConverseAnswer(answer: unknown, sent: JsonObject | undefined): ModelAnswer {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    throw new SluiceError('provider_error', 'The provider sent an answer that is not one of the Converse API.', {}, parsed.error);
  }
  const { output, stopReason, usage, additionalModelResponseFields, serviceTier } = parsed.data;
  const jsonName = jsonToolOf(sent);
  const parts = output.message.content.flatMap((block) => decodeBlock(block, jsonName) ?? []);
  const callsTools = parts.some((part) => part.type === 'tool-call');
  return {
    id: '',
    model: '',
    parts,
    finish: readStopReason(stopReason ?? undefined, additionalModelResponseFields, callsTools),
    ...(usage === undefined || usage === null ? {} : { usage: readConverseUsage(usage) }),
    ...(serviceTier?.type === undefined ? {} : { serviceTier: serviceTier.type }),
  };
}

function decodeBlock(block: JsonObject, jsonName: string | undefined): AnswerContent | undefined {
  if (typeof block.text === 'string') return block.text === '' ? undefined : { type: 'text', text: block.text };
  if (isRecord(block.toolUse)) return decodeToolUse(block.toolUse, jsonName);
  if (isRecord(block.reasoningContent)) return decodeReasoning(block.reasoningContent);
  if (isRecord(block.citationsContent)) return decodeCited(block.citationsContent);
  return { type: 'native', wire: 'bedrock-converse', value: block };
}

function decodeToolUse({ toolUseId, name, input }: JsonObject, jsonName: string | undefined): AnswerContent {
  const text = JSON.stringify(input ?? {});
  if (name === jsonName && jsonName !== undefined) return { type: 'text', text };
  return { type: 'tool-call', id: typeof toolUseId === 'string' ? toolUseId : '', name: typeof name === 'string' ? name : '', input: text };
}

function decodeReasoning(content: JsonObject): AnswerContent | undefined {
  if (isRecord(content.reasoningText)) {
    const { text, signature } = content.reasoningText;
    const plain = typeof text === 'string' ? text : '';
    const signed = typeof signature === 'string' && signature !== '';
    return plain === '' && !signed ? undefined : { type: 'reasoning', text: plain, ...(signed ? { signature: sign(signature) } : {}) };
  }
  const sealed = sealedContent(content);
  return sealed === undefined ? undefined : { type: 'reasoning', text: '', signature: sign(sealed), sealed: true };
}

/** Thought that only its maker can read: `redactedContent`, and the older `redactedReasoning`. */
export function sealedContent(content: JsonObject): string | undefined {
  const found = isRecord(content.redactedReasoning) ? content.redactedReasoning.data : (content.redactedContent ?? content.data);
  return typeof found === 'string' ? found : undefined;
}

export function sign(value: string): Signature {
  return { wire: 'bedrock-converse', value };
}

function decodeCited({ content, citations }: JsonObject): AnswerContent | undefined {
  const pieces: readonly unknown[] = Array.isArray(content) ? content : [];
  const text = pieces.map((piece) => (isRecord(piece) && typeof piece.text === 'string' ? piece.text : '')).join('');
  const sources: readonly unknown[] = Array.isArray(citations) ? citations : [];
  const annotations = sources.flatMap((source) => readCitation(source) ?? []);
  return text === '' ? undefined : { type: 'text', text, ...(annotations.length === 0 ? {} : { annotations }) };
}
