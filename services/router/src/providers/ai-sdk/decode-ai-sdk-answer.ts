import { isRecord, SluiceError } from '@sluice/contracts';
import type { Annotation, AnswerContent, JsonObject, ModelAnswer } from '@sluice/dialects';
import { holdsThought, sealMetadata } from './provider-metadata.ts';
import { readAiSdkFinish } from './read-ai-sdk-finish.ts';
import { readAiSdkUsage } from './read-ai-sdk-usage.ts';

/** What the transport made of the result of `doGenerate`. @throws SluiceError `provider_error` where the answer failed */
export function decodeAiSdkAnswer(answer: unknown): ModelAnswer {
  if (!isRecord(answer) || !Array.isArray(answer.content)) {
    throw new SluiceError('provider_error', 'The provider package gave a result without content.');
  }
  const items: readonly unknown[] = answer.content;
  const parts: AnswerContent[] = [];
  for (const item of items) if (isRecord(item)) addItem(item, parts);
  const finish = readAiSdkFinish(
    answer.finishReason,
    parts.some((part) => part.type === 'tool-call'),
  );
  if (finish === undefined) throw new SluiceError('provider_error', 'The provider failed while it wrote its answer.');
  const usage = readAiSdkUsage(answer.usage);
  return { ...readIdentity(answer.response), parts, finish, ...(usage === undefined ? {} : { usage }) };
}

/** @param response its id, model and time (an ISO date), as far as the package knows them */
export function readIdentity(response: unknown): Pick<ModelAnswer, 'id' | 'model' | 'createdSeconds'> {
  const { id, modelId, timestamp } = isRecord(response) ? response : {};
  const createdMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return {
    id: typeof id === 'string' ? id : '',
    model: typeof modelId === 'string' ? modelId : '',
    ...(Number.isNaN(createdMs) ? {} : { createdSeconds: Math.floor(createdMs / 1_000) }),
  };
}

function addItem(item: JsonObject, parts: AnswerContent[]): void {
  if (item.type === 'source') addSource(readSource(item), parts);
  else parts.push(...decodeItem(item));
}

function decodeItem(item: JsonObject): AnswerContent[] {
  const text = typeof item.text === 'string' ? item.text : '';
  const signature = sealMetadata(item.providerMetadata);
  switch (item.type) {
    case 'text':
      return text === '' ? [] : [{ type: 'text', text }];
    case 'reasoning': {
      if (text === '' && signature === undefined) return [];
      const sealed = text === '' && holdsThought(item.providerMetadata) ? { sealed: true } : {};
      return [{ type: 'reasoning', text, ...(signature === undefined ? {} : { signature }), ...sealed }];
    }
    case 'tool-call':
      // What the provider ran itself is no call for the client.
      if (item.providerExecuted === true) break;
      return [
        {
          type: 'tool-call',
          id: typeof item.toolCallId === 'string' ? item.toolCallId : '',
          name: typeof item.toolName === 'string' ? item.toolName : '',
          input: readInput(item.input),
          ...(signature === undefined ? {} : { signature }),
        },
      ];
  }
  return [{ type: 'native', wire: 'ai-sdk', value: item }];
}

/** The specification says text; some packages give the value. */
export function readInput(input: unknown): string {
  const text = typeof input === 'string' ? input : JSON.stringify(input ?? {});
  return text.trim() === '' ? '{}' : text;
}

export function readSource(source: JsonObject): Annotation {
  return {
    ...(typeof source.url === 'string' ? { url: source.url } : {}),
    ...(typeof source.title === 'string' ? { title: source.title } : {}),
    native: { wire: 'ai-sdk', value: source },
  };
}

/** Sources stand beside texts and not in them: each goes to the text before it, or else makes none. */
function addSource(annotation: Annotation, parts: AnswerContent[]): void {
  const index = parts.findLastIndex((part) => part.type === 'text');
  const text = parts[index];
  if (text?.type === 'text') parts[index] = { ...text, annotations: [...(text.annotations ?? []), annotation] };
}
