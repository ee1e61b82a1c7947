import { isRecord, type Dialect } from '@sluice/contracts';
import type { JsonMembers } from './json-members.ts';

/** A request split into what is compared by meaning and what must be equal. */
export interface SplitRequest {
  /** Text of the last user turn. */
  readonly question: string;
  /** The body without that text: parameters, system prompt, tools and history. */
  readonly rest: JsonMembers;
}

/** Splits off the last turn where it is the user's and nothing but text; undefined elsewhere. */
export function splitQuestion(dialect: Dialect, body: JsonMembers, maxCharacters: number): SplitRequest | undefined {
  if (dialect === 'openai-chat' || dialect === 'anthropic-messages') return splitList(body, 'messages', 'text', maxCharacters);
  if (dialect !== 'openai-responses') return undefined;
  if (typeof body.input !== 'string') return splitList(body, 'input', 'input_text', maxCharacters);
  return fits(body.input, maxCharacters) ? { question: body.input, rest: { ...body, input: null } } : undefined;
}

function splitList(body: JsonMembers, member: string, partType: string, maxCharacters: number): SplitRequest | undefined {
  const turns: unknown = body[member];
  if (!Array.isArray(turns)) return undefined;
  const last: unknown = turns.at(-1);
  const history: unknown[] = turns.slice(0, -1);
  if (!isRecord(last) || last.role !== 'user') return undefined;
  const question = textOf(last.content, partType);
  if (question === undefined || !fits(question, maxCharacters)) return undefined;
  // The last turn stays, without its text: a name or a cache mark on it is part of what must be equal.
  return { question, rest: { ...body, [member]: [...history, { ...last, content: null }] } };
}

function textOf(content: unknown, partType: string): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content) || content.length !== 1) return undefined;
  const part: unknown = content[0];
  if (!isRecord(part) || part.type !== partType || Object.keys(part).length !== 2) return undefined;
  return typeof part.text === 'string' ? part.text : undefined;
}

function fits(text: string, maxCharacters: number): boolean {
  return text.length <= maxCharacters && text.trim() !== '' && !text.includes('\0');
}
