import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { Part, TextPart, ToolResultPart, Turn } from '../neutral/model-request.ts';
import { cacheMark } from './cache-control.ts';
import { partOf } from './decode-answer.ts';
import { decodeDocument, decodeImage, decodeSearchResult } from './decode-media.ts';
import { readSignature } from './signature-text.ts';

/** What messages are decoded with: names of calls by their id, and where goes what has no place. */
interface Reading {
  readonly names: Map<string, string>;
  readonly rest: Record<string, unknown>;
}

/** `system` as a turn; none where it is empty. */
export function decodeSystem(system: unknown): Turn[] {
  const parts = typeof system === 'string' ? textParts(system) : asArray(system).filter(isObject).flatMap(systemPart);
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
}

/** Results of tools, which Anthropic puts into user messages, become turns of their own, in the order in which all stands. */
export function decodeMessages(messages: readonly unknown[], rest: Record<string, unknown>): Turn[] {
  const reading: Reading = { names: new Map(), rest };
  return messages.filter(isObject).flatMap((message): Turn[] => {
    if (message.role === 'system') return decodeSystem(message.content);
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    if (typeof message.content === 'string') return message.content === '' ? [] : [{ role, parts: textParts(message.content) }];
    const parts = asArray(message.content)
      .filter(isObject)
      .flatMap((block) => decodeBlock(block, reading));
    return role === 'assistant' ? [{ role, parts }] : splitResults(parts);
  });
}

function splitResults(parts: readonly Part[]): Turn[] {
  const turns: { role: 'user' | 'tool'; parts: Part[] }[] = [];
  for (const part of parts) {
    const role = part.type === 'tool-result' ? 'tool' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(part);
    else turns.push({ role, parts: [part] });
  }
  return turns;
}

function decodeBlock(block: JsonObject, reading: Reading): Part[] {
  switch (block.type) {
    case 'image':
      return [decodeImage(block)];
    case 'document':
      return decodeDocument(block, reading.rest);
    case 'search_result':
      return [decodeSearchResult(block, reading.rest)];
    case 'tool_result':
      return [decodeResult(block, reading)];
    case 'tool_use':
      return decodeCall(block, reading);
    case 'thinking':
      return decodeThinking(block);
    case 'redacted_thinking': {
      const data = typeof block.data === 'string' ? block.data : '';
      return [{ type: 'reasoning', text: '', ...readSignature(data), sealed: true }];
    }
    case 'text': {
      const part = partOf(block);
      return part?.type === 'text' ? [{ ...part, ...cacheMark(block) }] : [];
    }
    default:
      return [{ type: 'native', wire: 'anthropic-messages', value: block }];
  }
}

function decodeCall(block: JsonObject, { names }: Reading): Part[] {
  const part = partOf(block);
  if (part?.type !== 'tool-call') return [];
  names.set(part.id, part.name);
  return [{ ...part, ...cacheMark(block) }];
}

function decodeThinking(block: JsonObject): Part[] {
  const text = typeof block.thinking === 'string' ? block.thinking : '';
  const signed = typeof block.signature === 'string' && block.signature !== '' ? readSignature(block.signature) : {};
  return text === '' && signed.signature === undefined ? [] : [{ type: 'reasoning', text, ...signed }];
}

function decodeResult(block: JsonObject, reading: Reading): ToolResultPart {
  const callId = typeof block.tool_use_id === 'string' ? block.tool_use_id : '';
  const name = reading.names.get(callId);
  const parts: ToolResultPart['parts'][number][] = [];
  const content = typeof block.content === 'string' ? [{ type: 'text', text: block.content }] : asArray(block.content);
  for (const inner of content.filter(isObject)) {
    for (const part of decodeBlock(inner, reading)) {
      if (part.type === 'text' || part.type === 'image' || part.type === 'file' || part.type === 'native') parts.push(part);
    }
  }
  return {
    type: 'tool-result',
    callId,
    ...(name === undefined ? {} : { name }),
    parts,
    ...(block.is_error === true ? { isError: true } : {}),
    ...cacheMark(block),
  };
}

function systemPart(block: JsonObject): TextPart[] {
  return typeof block.text === 'string' && block.text !== '' ? [{ type: 'text', text: block.text, ...cacheMark(block) }] : [];
}

function textParts(text: string): TextPart[] {
  return text === '' ? [] : [{ type: 'text', text }];
}
