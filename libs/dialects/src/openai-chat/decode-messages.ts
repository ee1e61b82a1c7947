import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { Part, ReasoningPart, ToolCallPart, ToolResultPart, Turn, TurnRole } from '../neutral/model-request.ts';
import { readAnnotations } from './annotations.ts';
import { decodeContent, readCacheMark } from './decode-content.ts';
import { optional, textOf } from './optional.ts';
import { readCallSignature, readReasoningDetails } from './reasoning-details.ts';
import { inputText, nameOf } from './tool-call-pieces.ts';

const rolesOfMessages: Readonly<Record<string, TurnRole>> = { system: 'system', developer: 'developer', assistant: 'assistant' };

/** `messages` as turns. Results that follow each other stand in one turn, for they answer the calls of one message. */
export function decodeMessages(messages: unknown): Turn[] {
  const turns: Turn[] = [];
  const calls = new CallNames();
  for (const [index, message] of asArray(messages).entries()) {
    if (!isObject(message)) continue;
    const turn = decodeMessage(message, `messages.${index}`, calls);
    const last = turns.at(-1);
    if (turn.role === 'tool' && last?.role === 'tool') turns[turns.length - 1] = { role: 'tool', parts: [...last.parts, ...turn.parts] };
    else turns.push(turn);
  }
  return turns;
}

/** Names of the calls so far: results repeat the id only, and the older `function` messages the name only. */
class CallNames {
  readonly #names = new Map<string, string>();
  readonly #custom = new Set<string>();
  #older = 0;

  add(id: string, name: string, custom: boolean): void {
    this.#names.set(id, name);
    if (custom) this.#custom.add(id);
  }

  isCustom(id: string): boolean {
    return this.#custom.has(id);
  }

  nameOf(id: string): string | undefined {
    return this.#names.get(id);
  }

  /** An id for a call of the older form, which has none. */
  addOlder(name: string): string {
    this.#older++;
    const id = `call_function_${this.#older}`;
    this.#names.set(id, name);
    return id;
  }

  /** The newest call of that name. */
  idOf(name: string): string {
    let found: string | undefined;
    for (const [id, called] of this.#names) if (called === name) found = id;
    return found ?? this.addOlder(name);
  }
}

function decodeMessage(message: JsonObject, path: string, calls: CallNames): Turn {
  const role = textOf(message.role) ?? 'user';
  if (role === 'tool' || role === 'function') return { role: 'tool', parts: [decodeResult(message, path, calls)] };
  const name = optional('name', textOf(message.name));
  if (role === 'assistant') return { role, parts: decodeAssistant(message, path, calls), ...name };
  const turnRole = Object.hasOwn(rolesOfMessages, role) ? (rolesOfMessages[role] ?? 'user') : 'user';
  return { role: turnRole, parts: markLast(decodeContent(message.content, `${path}.content`), message), ...name };
}

/** A mark on the message as a whole stands at the end of its last text. */
function markLast(parts: Part[], message: JsonObject): Part[] {
  const mark = readCacheMark(message);
  const last = parts.at(-1);
  if (mark.cache === undefined || last === undefined || (last.type !== 'text' && last.type !== 'image')) return parts;
  return [...parts.slice(0, -1), { ...last, ...mark }];
}

function decodeAssistant(message: JsonObject, path: string, calls: CallNames): Part[] {
  const content = decodeContent(message.content, `${path}.content`);
  const annotations = readAnnotations(message.annotations);
  const [first, ...rest] = content;
  const said = first?.type === 'text' && annotations.length > 0 ? [{ ...first, annotations }, ...rest] : content;
  const refusal = textOf(message.refusal);
  return [
    ...readReasoning(message),
    ...said,
    ...(refusal === undefined ? [] : [{ type: 'refusal', text: refusal } as const]),
    ...(isObject(message.audio) ? [{ type: 'native', wire: 'openai-chat', value: { type: 'audio', audio: message.audio } } as const] : []),
    ...decodeCalls(message, calls),
  ];
}

/** What a message says that was thought, with proof where it has any. */
export function readReasoning(message: JsonObject): ReasoningPart[] {
  const text = readReasoningText(message);
  const details = readReasoningDetails(message.reasoning_details);
  if (details.length === 0) return text === undefined ? [] : [{ type: 'reasoning', text }];
  if (text === undefined || details.some((part) => part.text !== '')) return details;
  const [first, ...rest] = details;
  if (first === undefined || first.id !== undefined) return [{ type: 'reasoning', text }, ...details];
  return [{ ...first, text }, ...rest];
}

/** `reasoning_content` (DeepSeek and most others) or `reasoning` (Groq, OpenRouter, Ollama); some send both with the same text. */
export function readReasoningText(message: JsonObject): string | undefined {
  return textOf(message.reasoning_content) ?? textOf(message.reasoning);
}

function decodeCalls(message: JsonObject, calls: CallNames): ToolCallPart[] {
  const parts: ToolCallPart[] = [];
  for (const call of asArray(message.tool_calls)) {
    if (!isObject(call)) continue;
    const name = nameOf(call) ?? '';
    const id = textOf(call.id) ?? calls.addOlder(name);
    calls.add(id, name, isObject(call.custom));
    parts.push({ ...decodeCall(call, id), ...readCacheMark(call) });
  }
  const older = message.function_call;
  if (isObject(older)) {
    const name = textOf(older.name) ?? '';
    parts.push({ type: 'tool-call', id: calls.addOlder(name), name, input: textOf(older.arguments) ?? '{}' });
  }
  return parts;
}

/** A call of a request or of a plain answer. */
export function decodeCall(call: JsonObject, id: string): ToolCallPart {
  const custom = isObject(call.custom);
  const text = inputText(call);
  return {
    type: 'tool-call',
    id,
    name: nameOf(call) ?? '',
    input: text === '' && !custom ? '{}' : text,
    ...(custom ? { custom } : {}),
    ...optional('signature', readCallSignature(call)),
  };
}

function decodeResult(message: JsonObject, path: string, calls: CallNames): ToolResultPart {
  const older = message.role === 'function' ? textOf(message.name) : undefined;
  const callId = older === undefined ? (textOf(message.tool_call_id) ?? '') : calls.idOf(older);
  const parts: ToolResultPart['parts'][number][] = [];
  for (const part of decodeContent(message.content, `${path}.content`)) {
    if (part.type === 'text' || part.type === 'image' || part.type === 'file' || part.type === 'native') parts.push(part);
    else parts.push({ type: 'native', wire: 'openai-chat', value: { type: part.type } });
  }
  return {
    type: 'tool-result',
    callId,
    ...optional('name', older ?? calls.nameOf(callId) ?? textOf(message.name)),
    parts,
    ...(calls.isCustom(callId) ? { custom: true } : {}),
    ...readCacheMark(message),
  };
}
