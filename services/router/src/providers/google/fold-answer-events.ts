import { isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import type { AnswerContent, AnswerEvent, Annotation, Finish, ModelAnswer, Signature } from '@sluice/dialects';

/**
 * The whole answer that a stream's events add up to.
 * @throws SluiceError `provider_error` where one of them is an error
 */
export function foldAnswerEvents(events: readonly AnswerEvent[]): ModelAnswer {
  const parts = new Map<number, AnswerContent>();
  const logprobs: unknown[] = [];
  let start: Extract<AnswerEvent, { type: 'start' }> | undefined;
  let usage: TokenUsage | undefined;
  let finish: Finish = { reason: 'stop' };
  for (const event of events) {
    if (event.type === 'start') start = event;
    else if (event.type === 'usage') usage = event.usage;
    else if (event.type === 'finish') finish = event.finish;
    else if (event.type === 'error') throw new SluiceError('provider_error', `${event.message} (${event.code})`);
    else {
      parts.set(event.part, grown(parts.get(event.part), event));
      if (event.type === 'text') logprobs.push(...tokensOf(event.logprobs));
    }
  }
  return {
    id: start?.id ?? '',
    model: start?.model ?? '',
    ...(start?.createdSeconds === undefined ? {} : { createdSeconds: start.createdSeconds }),
    parts: [...parts.values()].map((part) => (part.type === 'tool-call' && part.input === '' ? { ...part, input: '{}' } : part)),
    finish,
    ...(usage === undefined ? {} : { usage }),
    ...(logprobs.length === 0 ? {} : { logprobs: { content: logprobs, refusal: null } }),
  };
}

function tokensOf(logprobs: unknown): readonly unknown[] {
  const content: unknown = isRecord(logprobs) ? logprobs.content : undefined;
  return Array.isArray(content) ? content : [];
}

type PartEvent = Extract<AnswerEvent, { readonly part: number }>;

function grown(part: AnswerContent | undefined, event: PartEvent): AnswerContent {
  switch (event.type) {
    case 'text':
      return { ...annotated(part), type: 'text', text: textOf(part) + event.text };
    case 'annotation':
      return { type: 'text', text: textOf(part), annotations: [...(annotated(part).annotations ?? []), event.annotation] };
    case 'refusal':
      return { type: 'refusal', text: textOf(part) + event.text };
    case 'reasoning':
      return { ...signed(part), type: 'reasoning', text: textOf(part) + event.text };
    case 'signature':
      return { type: 'reasoning', text: textOf(part), signature: event.signature, ...(event.sealed === true ? { sealed: true } : {}) };
    case 'tool-call': {
      const { id, name, signature } = event;
      return { type: 'tool-call', id, name, input: '', ...(signature === undefined ? {} : { signature }) };
    }
    case 'tool-input':
      return part?.type === 'tool-call' ? { ...part, input: part.input + event.text } : { type: 'text', text: '' };
    case 'native':
      return { type: 'native', wire: event.wire, value: event.value };
  }
}

function textOf(part: AnswerContent | undefined): string {
  return part !== undefined && 'text' in part ? part.text : '';
}

function annotated(part: AnswerContent | undefined): { readonly annotations?: readonly Annotation[] } {
  return part?.type === 'text' && part.annotations !== undefined ? { annotations: part.annotations } : {};
}

function signed(part: AnswerContent | undefined): { readonly signature?: Signature; readonly sealed?: boolean } {
  return part?.type === 'reasoning' && part.signature !== undefined ? { signature: part.signature } : {};
}
