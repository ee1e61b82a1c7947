import { isRecord } from '@sluice/contracts';
import type {
  CacheMark,
  FilePart,
  ImagePart,
  JsonObject,
  Losses,
  Part,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  Turn,
} from '@sluice/dialects';
import { openMetadata } from './provider-metadata.ts';

/** How the package at hand marks the end of a prefix that its provider keeps; undefined: it does not. */
export type CacheOptions = ((mark: NonNullable<CacheMark['cache']>) => JsonObject) | undefined;

const audioTypes: Readonly<Partial<Record<string, string>>> = { mp3: 'audio/mpeg', wav: 'audio/wav' };

/** The conversation as a prompt of the AI SDK, in JSON: bytes are base64, addresses are text. */
export function encodeAiSdkPrompt(turns: readonly Turn[], cache: CacheOptions, losses: Losses): JsonObject[] {
  const writer = new PromptWriter(cache, losses);
  return turns.flatMap((turn, index) => writer.write(turn, `messages.${index}`));
}

class PromptWriter {
  readonly #cache: CacheOptions;
  readonly #losses: Losses;

  constructor(cache: CacheOptions, losses: Losses) {
    this.#cache = cache;
    this.#losses = losses;
  }

  write(turn: Turn, path: string): JsonObject[] {
    if (turn.name !== undefined) this.#losses.hint(`${path}.name`);
    if (turn.role === 'system' || turn.role === 'developer') return this.#writeInstructions(turn, path);
    const results: JsonObject[] = [];
    const content: JsonObject[] = [];
    turn.parts.forEach((part, index) => {
      const at = `${path}.content.${index}`;
      const encoded = this.#encode(part, at);
      if (encoded === undefined) return;
      const marked = { ...encoded, ...this.#options(part, encoded.providerOptions, at) };
      (part.type === 'tool-result' ? results : content).push(marked);
    });
    return [
      ...(results.length === 0 ? [] : [{ role: 'tool', content: results }]),
      ...(content.length === 0 ? [] : [{ role: turn.role === 'assistant' ? 'assistant' : 'user', content }]),
    ];
  }

  #writeInstructions(turn: Turn, path: string): JsonObject[] {
    return turn.parts.flatMap((part, index) => {
      const at = `${path}.content.${index}`;
      if (part.type === 'text') return [{ role: 'system', content: part.text, ...this.#options(part, undefined, at) }];
      this.#losses.feature(at, 'takes instructions as text only');
      return [];
    });
  }

  /** `providerOptions` of a part: what it came with, and its cache mark. */
  #options(part: Part, own: unknown, path: string): JsonObject {
    const mark = 'cache' in part ? part.cache : undefined;
    if (mark !== undefined && this.#cache === undefined) this.#losses.hint(`${path}.cache_control`);
    const options = { ...(isRecord(own) ? own : {}), ...(mark === undefined ? {} : this.#cache?.(mark)) };
    return Object.keys(options).length === 0 ? {} : { providerOptions: options };
  }

  #encode(part: Part, path: string): JsonObject | undefined {
    switch (part.type) {
      case 'text':
      case 'refusal':
        return part.text === '' ? undefined : { type: 'text', text: part.text };
      case 'image':
        if (part.detail !== undefined && part.detail !== 'auto') this.#losses.hint(`${path}.detail`);
        return this.#encodeFile(part, 'image/*', path);
      case 'file':
        return this.#encodeFile(part, 'application/octet-stream', path);
      case 'audio': {
        const mediaType = audioTypes[part.format] ?? `audio/${part.format}`;
        return { type: 'file', mediaType, data: { type: 'data', data: part.data } };
      }
      case 'reasoning':
        return encodeReasoning(part);
      case 'tool-call':
        return encodeToolCall(part);
      case 'tool-result':
        return this.#encodeResult(part, path);
      case 'native':
        this.#losses.feature(path);
        return undefined;
    }
  }

  /** @param unknownType for an address, whose type nobody says */
  #encodeFile(part: ImagePart | FilePart, unknownType: string, path: string): JsonObject | undefined {
    const { source } = part;
    const filename = part.type === 'file' && part.name !== undefined ? { filename: part.name } : {};
    if (source.kind === 'data')
      return { type: 'file', mediaType: source.mediaType, data: { type: 'data', data: source.data }, ...filename };
    if (source.kind === 'url') return { type: 'file', mediaType: unknownType, data: { type: 'url', url: source.url }, ...filename };
    this.#losses.feature(path, 'has no files of its own');
    return undefined;
  }

  #encodeResult(part: ToolResultPart, path: string): JsonObject {
    const base = { type: 'tool-result', toolCallId: part.callId, toolName: part.name ?? '' };
    const texts = part.parts.flatMap((inner) => (inner.type === 'text' ? inner.text : []));
    if (texts.length === part.parts.length) {
      return { ...base, output: { type: part.isError === true ? 'error-text' : 'text', value: texts.join('') } };
    }
    if (part.isError === true) this.#losses.hint(`${path}.is_error`);
    const value = part.parts.flatMap((inner, index) => this.#encode(inner, `${path}.content.${index}`) ?? []);
    return { ...base, output: { type: 'content', value } };
  }
}

/** Thoughts that another provider signed are that one's; unsigned ones may be read by any. */
function encodeReasoning(part: ReasoningPart): JsonObject | undefined {
  const providerOptions = openMetadata(part.signature);
  if (part.signature !== undefined && providerOptions === undefined) return undefined;
  if (part.text === '' && providerOptions === undefined) return undefined;
  return { type: 'reasoning', text: part.text, ...(providerOptions === undefined ? {} : { providerOptions }) };
}

function encodeToolCall(part: ToolCallPart): JsonObject {
  const providerOptions = openMetadata(part.signature);
  return {
    type: 'tool-call',
    toolCallId: part.id,
    toolName: part.name,
    input: part.custom === true ? part.input : parse(part.input),
    ...(providerOptions === undefined ? {} : { providerOptions }),
  };
}

/** What a model wrote and is no JSON goes back as the text it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
