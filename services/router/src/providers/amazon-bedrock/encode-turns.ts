import { isRecord } from '@sluice/contracts';
import type { CacheMark, JsonObject, Losses, Part, ReasoningPart, ToolCallPart, ToolResultPart, Turn } from '@sluice/dialects';
import { encodeAudio, encodeFile, encodeImage } from './encode-media.ts';
import type { ModelTraits } from './model-traits.ts';
import { toolUseId } from './tool-use-id.ts';

export interface EncodedTurns {
  readonly system: readonly JsonObject[];
  readonly messages: readonly JsonObject[];
}

interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: JsonObject[];
}

/** What a tool without output says, for a text must not be empty. */
const noOutput = '(no output)';

/**
 * The conversation in Converse's words. Instructions of any place go to `system`, the only place it has for them; neighbours
 * of one role become one message, for roles must alternate.
 */
export function encodeTurns(turns: readonly Turn[], traits: ModelTraits, losses: Losses): EncodedTurns {
  const writer = new TurnWriter(traits, losses);
  turns.forEach((turn, index) => {
    writer.write(turn, `messages.${index}`);
  });
  return writer.finish();
}

class TurnWriter {
  readonly #traits: ModelTraits;
  readonly #losses: Losses;
  readonly #system: JsonObject[] = [];
  readonly #messages: Message[] = [];
  readonly #documentNames = new Set<string>();

  constructor(traits: ModelTraits, losses: Losses) {
    this.#traits = traits;
    this.#losses = losses;
  }

  write(turn: Turn, path: string): void {
    if (turn.name !== undefined) this.#losses.hint(`${path}.name`);
    const content: JsonObject[] = [];
    turn.parts.forEach((part, index) => {
      const block = this.#encodePart(part, `${path}.content.${index}`);
      if (block === undefined) return;
      content.push(block);
      if ('cache' in part) this.#pushCachePoint(part, content, `${path}.content.${index}.cache_control`);
    });
    if (turn.role === 'system' || turn.role === 'developer') this.#system.push(...content);
    else this.#append(turn.role === 'assistant' ? 'assistant' : 'user', content);
  }

  finish(): EncodedTurns {
    // Claude refuses an answer begun for it that ends in white space.
    const last = this.#messages.at(-1);
    const text = last?.role === 'assistant' ? last.content.at(-1)?.text : undefined;
    if (typeof text === 'string') last?.content.splice(-1, 1, { text: text.trimEnd() });
    return { system: this.#system, messages: this.#messages.map((message) => ({ ...message })) };
  }

  #append(role: Message['role'], content: JsonObject[]): void {
    if (content.length === 0) return;
    const last = this.#messages.at(-1);
    if (last?.role === role) last.content.push(...content);
    else this.#messages.push({ role, content });
  }

  #encodePart(part: Part, path: string): JsonObject | undefined {
    switch (part.type) {
      case 'text':
      case 'refusal':
        // A blank text is refused by Converse and says nothing.
        return part.text.trim() === '' ? undefined : { text: part.text };
      case 'image':
        return encodeImage(part, path, this.#losses);
      case 'audio':
        return encodeAudio(part);
      case 'file':
        return encodeFile(part, path, this.#losses, this.#documentNames);
      case 'reasoning':
        return encodeReasoning(part, this.#traits);
      case 'tool-call':
        return encodeToolCall(part, this.#traits);
      case 'tool-result':
        return this.#encodeToolResult(part, path);
      case 'native':
        if (part.wire === 'bedrock-converse') return part.value;
        this.#losses.feature(path);
        return undefined;
    }
  }

  #encodeToolResult(part: ToolResultPart, path: string): JsonObject {
    const content = part.parts.flatMap((inner, index) => this.#encodePart(inner, `${path}.content.${index}`) ?? []);
    const toolUse = {
      toolUseId: toolUseId(part.callId, this.#traits),
      content: content.length === 0 ? [{ text: noOutput }] : content,
    };
    if (part.isError !== true) return { toolResult: toolUse };
    const { family } = this.#traits;
    if (family === 'claude' || family === 'nova') return { toolResult: { ...toolUse, status: 'error' } };
    this.#losses.hint(`${path}.is_error`);
    return { toolResult: toolUse };
  }

  #pushCachePoint(part: CacheMark, content: JsonObject[], path: string): void {
    const point = cachePoint(part, this.#traits, path, this.#losses);
    if (point !== undefined) content.push(point);
  }
}

/** Undefined where the part has no mark, or the model keeps no prefixes. */
export function cachePoint(part: CacheMark, traits: ModelTraits, path: string, losses: Losses): JsonObject | undefined {
  if (part.cache === undefined) return undefined;
  const { cachePoints } = traits;
  if (cachePoints === undefined) {
    losses.hint(path);
    return undefined;
  }
  const { ttl } = part.cache;
  if (ttl === undefined || ttl === '5m') return { cachePoint: { type: 'default' } };
  if (cachePoints.ttl) return { cachePoint: { type: 'default', ttl } };
  losses.hint(`${path}.ttl`);
  return { cachePoint: { type: 'default' } };
}

/**
 * Only what this provider signed goes back to it. Claude's signatures hold on every platform that serves it (Anthropic,
 * "Extended thinking": compatible across platforms), so those of Anthropic's own interface are taken too.
 */
function encodeReasoning(part: ReasoningPart, traits: ModelTraits): JsonObject | undefined {
  const { signature, sealed, text } = part;
  if (signature?.wire === 'bedrock-converse') {
    if (sealed === true) return { reasoningContent: { redactedContent: signature.value } };
    return { reasoningContent: { reasoningText: { text, signature: signature.value } } };
  }
  const fromAnthropic = signature?.wire === 'anthropic-messages' && traits.family === 'claude' && sealed !== true;
  return fromAnthropic ? { reasoningContent: { reasoningText: { text, signature: signature.value } } } : undefined;
}

function encodeToolCall(part: ToolCallPart, traits: ModelTraits): JsonObject {
  return { toolUse: { toolUseId: toolUseId(part.id, traits), name: part.name, input: readInput(part) } };
}

/** Converse takes an object only; what a model wrote and is none goes back as it stands, in a member of its own. */
function readInput(part: ToolCallPart): JsonObject {
  if (part.custom === true) return { input: part.input };
  try {
    const value: unknown = JSON.parse(part.input);
    return isRecord(value) ? value : { input: value };
  } catch {
    return { input: part.input };
  }
}
