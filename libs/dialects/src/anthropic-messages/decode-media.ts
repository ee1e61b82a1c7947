import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { FilePart, MediaSource, NativePart, Part, TextPart } from '../neutral/model-request.ts';
import { cacheMark } from './cache-control.ts';

export function decodeImage(block: JsonObject): Part {
  const source = isObject(block.source) ? mediaSource(block.source) : undefined;
  return source === undefined ? native(block) : { type: 'image', source, ...cacheMark(block) };
}

/**
 * A document becomes a file, with its context as a text before it. One that mixes texts and images in blocks of its own
 * has no other form. @param rest told where the client wants the document cited
 */
export function decodeDocument(block: JsonObject, rest: Record<string, unknown>): Part[] {
  noteCitations(block, rest);
  const source = isObject(block.source) ? documentSource(block.source) : undefined;
  if (source === undefined) return [native(block)];
  const file: FilePart = {
    type: 'file',
    source,
    ...(typeof block.title === 'string' && block.title !== '' ? { name: block.title } : {}),
    ...cacheMark(block),
  };
  const context = typeof block.context === 'string' ? block.context : '';
  return context === '' ? [file] : [{ type: 'text', text: context }, file];
}

/** Results of the client's own search are texts with a heading: title and source. */
export function decodeSearchResult(block: JsonObject, rest: Record<string, unknown>): TextPart {
  noteCitations(block, rest);
  const heading = [block.title, block.source].filter((line) => typeof line === 'string' && line !== '');
  return { type: 'text', text: [...heading, ...textsOf(block.content)].join('\n'), ...cacheMark(block) };
}

function documentSource(source: JsonObject): MediaSource | undefined {
  if (source.type === 'text' && typeof source.data === 'string') return plainText(source.data);
  if (source.type !== 'content') return mediaSource(source);
  if (typeof source.content === 'string') return plainText(source.content);
  const blocks = asArray(source.content);
  const texts = textsOf(blocks);
  return texts.length === blocks.length ? plainText(texts.join('\n')) : undefined;
}

function mediaSource(source: JsonObject): MediaSource | undefined {
  const { type, data, media_type, url, file_id } = source;
  if (type === 'base64' && typeof data === 'string' && typeof media_type === 'string') {
    return { kind: 'data', mediaType: media_type, data: /\s/.test(data) ? data.replace(/\s+/g, '') : data };
  }
  if (type === 'url' && typeof url === 'string') return { kind: 'url', url };
  if (type === 'file' && typeof file_id === 'string') return { kind: 'id', id: file_id, wire: 'anthropic-messages' };
  return undefined;
}

function plainText(text: string): MediaSource {
  return { kind: 'data', mediaType: 'text/plain', data: Buffer.from(text).toString('base64') };
}

function textsOf(blocks: unknown): string[] {
  return asArray(blocks).flatMap((block) => (isObject(block) && typeof block.text === 'string' ? block.text : []));
}

function noteCitations({ citations }: JsonObject, rest: Record<string, unknown>): void {
  if (isObject(citations) && citations.enabled === true) rest.citations = citations;
}

function native(block: JsonObject): NativePart {
  return { type: 'native', wire: 'anthropic-messages', value: block };
}
