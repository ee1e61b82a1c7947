import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { FilePart, ImagePart, MediaSource, Part, TextPart, ToolResultPart, Turn } from '../neutral/model-request.ts';
import { encodeAnnotation } from './annotations.ts';

/** Ids of files count for OpenAI's APIs alike. */
const ownWires = new Set(['openai-chat', 'openai-responses']);

/** Types of parts, as against types of items. */
const contentType = /^(?:input|output)_/;

/** Turns as input items, in their order; instructions stay turns of their own, for not every server takes `instructions`. */
export function encodeInput(turns: readonly Turn[], losses: Losses): JsonObject[] {
  const writer = new InputWriter(losses);
  for (const [index, turn] of turns.entries()) writer.write(turn, `messages.${index}`);
  return writer.items;
}

class InputWriter {
  readonly items: JsonObject[] = [];
  readonly #losses: Losses;
  readonly #customCalls = new Set<string>();
  /** Content of the message under way. */
  #content: JsonObject[] = [];

  constructor(losses: Losses) {
    this.#losses = losses;
  }

  write(turn: Turn, path: string): void {
    if (turn.name !== undefined) this.#losses.hint(`${path}.name`);
    for (const part of turn.parts) {
      if ('cache' in part) this.#losses.hint('cache_control');
      if (isContent(part, turn.role)) this.#writeContent(part, turn.role, path);
      else this.#writeItem(part, turn.role, path);
    }
    this.#endMessage(turn.role);
  }

  #writeContent(part: Part, role: Turn['role'], path: string): void {
    if (part.type === 'text') this.#content.push(encodeText(part, role));
    else if (part.type === 'refusal') {
      this.#content.push(role === 'assistant' ? { type: 'refusal', refusal: part.text } : { type: 'input_text', text: part.text });
    } else if (part.type === 'native') this.#content.push(part.value);
    else if (part.type === 'image' || part.type === 'file') {
      const media = encodeMedia(part, path, this.#losses);
      if (media !== undefined) this.#content.push(media);
    }
  }

  #writeItem(part: Part, role: Turn['role'], path: string): void {
    this.#endMessage(role);
    switch (part.type) {
      case 'reasoning':
        if (part.signature?.wire !== 'openai-responses') {
          // OpenAI takes back its own sealed thoughts only; to others they are of no use.
          this.#losses.hint(`${path}.reasoning`);
          return;
        }
        this.items.push({
          type: 'reasoning',
          ...(part.id === undefined ? {} : { id: part.id }),
          summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
          encrypted_content: part.signature.value,
        });
        return;
      case 'tool-call':
        if (part.custom === true) {
          this.#customCalls.add(part.id);
          this.items.push({ type: 'custom_tool_call', call_id: part.id, name: part.name, input: part.input });
        } else this.items.push({ type: 'function_call', call_id: part.id, name: part.name, arguments: part.input });
        return;
      case 'tool-result':
        this.#writeResult(part, path);
        return;
      case 'native':
        if (part.wire === 'openai-responses') this.items.push(part.value);
        else this.#losses.feature(`${path}.${nameOf(part.value)}`);
        return;
      case 'image':
      case 'file':
        this.#losses.feature(`${path}.${part.type}`, `takes no ${part.type} in an assistant's turn`);
        return;
      case 'audio':
        this.#losses.feature(`${path}.input_audio`, 'takes no audio');
    }
  }

  #writeResult(part: ToolResultPart, path: string): void {
    if (part.isError === true) this.#losses.hint(`${path}.is_error`);
    const type = part.custom === true || this.#customCalls.has(part.callId) ? 'custom_tool_call_output' : 'function_call_output';
    this.items.push({ type, call_id: part.callId, output: encodeOutput(part, path, this.#losses) });
  }

  #endMessage(role: Turn['role']): void {
    if (this.#content.length === 0) return;
    const content = this.#content;
    this.#content = [];
    // A tool's turn holds results only; what else stands in it is told as the user's.
    this.items.push({ type: 'message', role: role === 'tool' ? 'user' : role, content });
  }
}

/** A result of texts only is one string, which every server takes. */
function encodeOutput(part: ToolResultPart, path: string, losses: Losses): unknown {
  if (part.parts.every((content) => content.type === 'text')) return part.parts.map((content) => content.text).join('\n');
  return part.parts.flatMap((content): JsonObject[] => {
    if (content.type === 'text') return [{ type: 'input_text', text: content.text }];
    if (content.type === 'native') {
      if (content.wire === 'openai-responses') return [content.value];
      losses.feature(`${path}.${nameOf(content.value)}`);
      return [];
    }
    const media = encodeMedia(content, path, losses);
    return media === undefined ? [] : [media];
  });
}

function encodeMedia(part: ImagePart | FilePart, path: string, losses: Losses): JsonObject | undefined {
  const { source } = part;
  if (source.kind === 'id' && !ownWires.has(source.wire)) {
    losses.feature(`${path}.file_id`, 'does not hold that file');
    return undefined;
  }
  if (part.type === 'image') {
    const image = source.kind === 'id' ? { file_id: source.id } : { image_url: urlOf(source) };
    return { type: 'input_image', ...image, detail: part.detail ?? 'auto' };
  }
  if (source.kind === 'id') return { type: 'input_file', file_id: source.id };
  if (source.kind === 'url') return { type: 'input_file', file_url: source.url };
  return { type: 'input_file', filename: part.name ?? nameForType(source.mediaType), file_data: urlOf(source) };
}

function urlOf(source: Exclude<MediaSource, { kind: 'id' }>): string {
  return source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
}

/** The API reads a file's type from its name too. */
function nameForType(mediaType: string): string {
  return mediaType === 'text/plain' ? 'file.txt' : `file.${mediaType.slice(mediaType.indexOf('/') + 1)}`;
}

function encodeText(part: TextPart, role: Turn['role']): JsonObject {
  if (role !== 'assistant') return { type: 'input_text', text: part.text };
  const annotations = (part.annotations ?? []).map(encodeAnnotation).filter((annotation) => annotation !== undefined);
  return { type: 'output_text', text: part.text, ...(annotations.length === 0 ? {} : { annotations }) };
}

/** Whether a part stands in a message; all others are items of their own. */
function isContent(part: Part, role: Turn['role']): boolean {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return true;
    case 'image':
    case 'file':
      return role !== 'assistant';
    case 'native':
      return part.wire === 'openai-responses' && typeof part.value.type === 'string' && contentType.test(part.value.type);
    default:
      return false;
  }
}

function nameOf(value: JsonObject): string {
  return typeof value.type === 'string' ? value.type : 'content';
}
