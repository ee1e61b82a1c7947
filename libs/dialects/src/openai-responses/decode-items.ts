import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { NativePart, ReasoningPart, ToolCallPart } from '../neutral/model-request.ts';
import { openThought, type ThoughtKind } from './sealed-thought.ts';

/** Between the parts of a summary: each is a paragraph with a heading of its own. */
export const paragraphBreak = '\n\n';

/** A `function_call` or `custom_tool_call` item. */
export function decodeCall(item: JsonObject): ToolCallPart {
  const custom = item.type === 'custom_tool_call';
  const id = typeof item.call_id === 'string' && item.call_id !== '' ? item.call_id : item.id;
  const input = custom ? item.input : item.arguments;
  return {
    type: 'tool-call',
    id: typeof id === 'string' ? id : '',
    name: typeof item.name === 'string' ? item.name : '',
    input: typeof input === 'string' && (custom || input !== '') ? input : custom ? '' : '{}',
    ...(custom ? { custom } : {}),
  };
}

/** Texts of a thought, summary first: most items have one of the two only. */
function reasoningTexts(item: JsonObject): string[] {
  return [...asArray(item.summary), ...asArray(item.content)].flatMap((part) =>
    isObject(part) && typeof part.text === 'string' && part.text !== '' ? [part.text] : [],
  );
}

/** A `reasoning` item, and what its `encrypted_content` is; undefined where it says nothing that anybody could use. */
export function decodeReasoning(item: JsonObject): { readonly part: ReasoningPart; readonly kind: ThoughtKind } | undefined {
  const text = reasoningTexts(item).join(paragraphBreak);
  const id = typeof item.id === 'string' && item.id !== '' ? { id: item.id } : {};
  const { encrypted_content: content } = item;
  if (typeof content !== 'string' || content === '') {
    return text === '' ? undefined : { part: { type: 'reasoning', text, ...id }, kind: 'open' };
  }
  const { signature, kind } = openThought(content);
  return { part: { type: 'reasoning', text, signature, ...(kind === 'sealed' ? { sealed: true } : {}), ...id }, kind };
}

/** An item that no other format has. */
export function decodeNativeItem(value: JsonObject): NativePart {
  return { type: 'native', wire: 'openai-responses', value };
}
