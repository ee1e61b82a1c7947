import { isObject, parseJson, type JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { FilePart, ImagePart, MediaSource, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../neutral/model-request.ts';
import { cacheControl } from './cache-control.ts';
import type { ToolIds } from './tool-ids.ts';

const imageTypes = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

/** What the parts of a conversation are written with. */
export interface Writing {
  readonly losses: Losses;
  readonly ids: ToolIds;
}

/**
 * Blocks of one part; none where Anthropic would refuse the block, or where it has nothing to say. Texts of nothing but
 * space are refused, so they are left out.
 */
export function encodePart(part: Part, path: string, writing: Writing): JsonObject[] {
  const { losses } = writing;
  switch (part.type) {
    case 'text': {
      if (part.text.trim() === '') return [];
      const citations = (part.annotations ?? []).flatMap(({ native }) => (native?.wire === 'anthropic-messages' ? [native.value] : []));
      return [{ type: 'text', text: part.text, ...(citations.length === 0 ? {} : { citations }), ...cacheControl(part) }];
    }
    case 'refusal':
      return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text }];
    case 'image':
      return encodeImage(part, path, losses);
    case 'file':
      return encodeFile(part, path, losses);
    case 'audio':
      losses.feature(path, 'takes no audio');
      return [];
    case 'reasoning':
      return encodeReasoning(part, losses);
    case 'tool-call':
      return [encodeCall(part, writing)];
    case 'tool-result':
      return [encodeResult(part, path, writing)];
    case 'native':
      if (part.wire === 'anthropic-messages') return [part.value];
      losses.feature(path, 'knows no item of this kind');
      return [];
  }
}

function encodeImage(part: ImagePart, path: string, losses: Losses): JsonObject[] {
  if (part.detail !== undefined && part.detail !== 'auto') losses.hint(`${path}.detail`);
  const source = encodeSource(part.source);
  if (source !== undefined && (part.source.kind !== 'data' || imageTypes.includes(part.source.mediaType))) {
    return [{ type: 'image', source, ...cacheControl(part) }];
  }
  losses.feature(path, 'takes images as JPEG, PNG, GIF or WebP, or by an address, only');
  return [];
}

function encodeFile(part: FilePart, path: string, losses: Losses): JsonObject[] {
  const { source } = part;
  if (source.kind === 'data' && source.mediaType.startsWith('image/')) return encodeImage({ ...part, type: 'image' }, path, losses);
  const title = part.name === undefined || part.name === '' ? {} : { title: part.name };
  const write = (written: JsonObject) => [{ type: 'document', source: written, ...title, ...cacheControl(part) }];
  if (source.kind === 'data' && /^(?:text\/|application\/(?:json|xml))/.test(source.mediaType)) {
    return write({ type: 'text', media_type: 'text/plain', data: Buffer.from(source.data, 'base64').toString('utf8') });
  }
  const written = encodeSource(source);
  if (written !== undefined && (source.kind !== 'data' || source.mediaType === 'application/pdf')) return write(written);
  losses.feature(path, 'takes files as PDF or text, or by an address, only');
  return [];
}

/** Undefined for a file that another provider holds, or an address that is none of the web. */
function encodeSource(source: MediaSource): JsonObject | undefined {
  switch (source.kind) {
    case 'data':
      return { type: 'base64', media_type: source.mediaType, data: source.data };
    case 'url':
      return /^https?:\/\//.test(source.url) ? { type: 'url', url: source.url } : undefined;
    case 'id':
      return source.wire === 'anthropic-messages' ? { type: 'file', file_id: source.id } : undefined;
  }
}

/** Anthropic takes back no thought but its own, which it knows by the signature. */
function encodeReasoning({ text, signature, sealed }: ReasoningPart, losses: Losses): JsonObject[] {
  if (signature?.wire !== 'anthropic-messages') {
    losses.hint('reasoning of earlier turns');
    return [];
  }
  if (sealed === true) return [{ type: 'redacted_thinking', data: signature.value }];
  return [{ type: 'thinking', thinking: text, signature: signature.value }];
}

function encodeCall(part: ToolCallPart, { ids }: Writing): JsonObject {
  const parsed = part.custom === true ? { input: part.input } : part.input.trim() === '' ? {} : parseJson(part.input);
  // The name that Anthropic's documentation gives to arguments that cannot be read.
  const input = isObject(parsed) ? parsed : { INVALID_JSON: part.input };
  return { type: 'tool_use', id: ids.ofCall(part.id), name: part.name, input, ...cacheControl(part) };
}

function encodeResult(part: ToolResultPart, path: string, writing: Writing): JsonObject {
  const content = part.parts.flatMap((inner, index) => encodePart(inner, `${path}.${index}`, writing));
  return {
    type: 'tool_result',
    tool_use_id: writing.ids.ofResult(part.callId),
    ...(content.length === 0 ? {} : { content }),
    ...(part.isError === true ? { is_error: true } : {}),
    ...cacheControl(part),
  };
}
