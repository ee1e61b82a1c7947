import { SluiceError } from '@sluice/contracts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { Part, ToolResultPart, Turn, TurnRole } from '../neutral/model-request.ts';
import type { Signature } from '../neutral/wire-format.ts';
import { decodeContent, type Content } from './decode-content.ts';
import { decodeCall, decodeNativeItem, decodeReasoning } from './decode-items.ts';

const roles: Readonly<Record<string, TurnRole>> = { user: 'user', assistant: 'assistant', system: 'system', developer: 'developer' };

/**
 * `input` as turns: what the model said in a row (thoughts, text, calls) is one turn, results of tools in a row are another.
 * @throws SluiceError `unsupported_feature` for references to items, which no other provider keeps
 */
export function decodeTurns(input: unknown): Turn[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  const reader = new InputReader();
  for (const [index, item] of asArray(input).entries()) if (isObject(item)) reader.read(item, index);
  return reader.turns;
}

class InputReader {
  readonly turns: { role: TurnRole; parts: Part[] }[] = [];
  readonly #namesOfCalls = new Map<string, string>();
  /** Signs the call that comes next. */
  #callSignature: Signature | undefined;

  read(item: JsonObject, index: number): void {
    switch (item.type) {
      case 'reasoning':
        this.#readReasoning(item);
        return;
      case 'function_call':
      case 'custom_tool_call':
        this.#readCall(item);
        return;
      case 'function_call_output':
      case 'custom_tool_call_output':
        this.#append('tool', [this.#decodeOutput(item)]);
        return;
      case 'item_reference':
        refuseReference(index);
        return;
      case 'message':
      case undefined:
      case null:
        this.#readMessage(item, index);
        return;
      default:
        this.#append('assistant', [decodeNativeItem(item)]);
    }
  }

  #readMessage(item: JsonObject, index: number): void {
    if (item.role === undefined && typeof item.id === 'string') refuseReference(index);
    const role = typeof item.role === 'string' ? (roles[item.role] ?? 'user') : 'user';
    const parts = decodeContent(item.content);
    if (role === 'assistant') this.#append(role, parts);
    else this.turns.push({ role, parts });
  }

  #readReasoning(item: JsonObject): void {
    const decoded = decodeReasoning(item);
    if (decoded === undefined) return;
    if (decoded.kind === 'call') this.#callSignature = decoded.part.signature;
    else this.#append('assistant', [decoded.part]);
  }

  #readCall(item: JsonObject): void {
    const call = decodeCall(item);
    this.#namesOfCalls.set(call.id, call.name);
    this.#append('assistant', [this.#callSignature === undefined ? call : { ...call, signature: this.#callSignature }]);
    this.#callSignature = undefined;
  }

  #decodeOutput(item: JsonObject): ToolResultPart {
    const callId = typeof item.call_id === 'string' ? item.call_id : '';
    const name = this.#namesOfCalls.get(callId);
    const parts = decodeContent(item.output).map((part) => toResultPart(part));
    return {
      type: 'tool-result',
      callId,
      ...(name === undefined ? {} : { name }),
      parts,
      ...(item.type === 'custom_tool_call_output' ? { custom: true } : {}),
    };
  }

  /** One turn for all that the same side says in a row. */
  #append(role: 'assistant' | 'tool', parts: readonly Part[]): void {
    const last = this.turns.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else this.turns.push({ role, parts: [...parts] });
  }
}

/** A result holds texts, images and files. */
function toResultPart(part: Content): ToolResultPart['parts'][number] {
  if (part.type === 'refusal') return { type: 'text', text: part.text };
  if (part.type !== 'audio') return part;
  return decodeNativeItem({ type: 'input_audio', input_audio: { data: part.data, format: part.format } });
}

function refuseReference(index: number): never {
  throw new SluiceError(
    'unsupported_feature',
    `input.${index}: this model's provider keeps no items that could be referred to. Send the items whole; most clients do with store: false.`,
    { param: `input.${index}` },
  );
}
