import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type {
  CacheMark,
  FilePart,
  ImagePart,
  MediaSource,
  NativePart,
  Part,
  ReasoningPart,
  RefusalPart,
  TextPart,
} from '../neutral/model-request.ts';
import { openSignature } from '../neutral/wire-format.ts';
import { fail } from './check-value.ts';
import { parseDataUrl } from './data-url.ts';
import { optional, textOf } from './optional.ts';

/**
 * A message's `content`: a string, or parts of OpenAI's kinds, of Mistral's (`thinking`, `document_url`) and of others, which stay as they are.
 * @param path of the content in the body, for refusals
 */
export function decodeContent(content: unknown, path: string): Part[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  const parts: Part[] = [];
  for (const [index, part] of asArray(content).entries()) {
    if (isObject(part)) parts.push(decodePart(part, `${path}.${index}`));
  }
  return parts;
}

/** The same of what a provider sent: text, refusals and thoughts; other parts stay as they are, and none is refused. */
export function decodeAnswerContent(content: unknown): (TextPart | RefusalPart | ReasoningPart | NativePart)[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', text: content }];
  return asArray(content)
    .filter(isObject)
    .map((part) => {
      if (part.type === 'text') return { type: 'text', text: textOf(part.text) ?? '' };
      if (part.type === 'refusal') return { type: 'refusal', text: textOf(part.refusal) ?? '' };
      return part.type === 'thinking' ? decodeThinking(part) : { type: 'native', wire: 'openai-chat', value: part };
    });
}

function decodePart(part: JsonObject, path: string): Part {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: typeof part.text === 'string' ? part.text : '', ...readCacheMark(part) };
    case 'refusal':
      return { type: 'refusal', text: textOf(part.refusal) ?? '' };
    case 'image_url':
      return decodeImage(part, path);
    case 'input_audio': {
      const audio = isObject(part.input_audio) ? part.input_audio : {};
      return { type: 'audio', data: textOf(audio.data) ?? '', format: textOf(audio.format) ?? 'wav' };
    }
    case 'file':
      return decodeFile(isObject(part.file) ? part.file : {}, part, path);
    case 'document_url': {
      const url = textOf(part.document_url);
      if (url === undefined) fail(`${path}.document_url must be a string.`, `${path}.document_url`);
      return { type: 'file', source: readUrl(url, `${path}.document_url`), ...optional('name', textOf(part.document_name)) };
    }
    case 'thinking':
      return decodeThinking(part);
    default:
      return { type: 'native', wire: 'openai-chat', value: part };
  }
}

function decodeImage(part: JsonObject, path: string): ImagePart {
  const image = isObject(part.image_url) ? part.image_url : { url: part.image_url };
  const url = textOf(image.url);
  if (url === undefined) fail(`${path}.image_url.url must be an address or a data: URL.`, `${path}.image_url.url`);
  const detail = textOf(image.detail);
  const source = readUrl(url, `${path}.image_url.url`);
  return { type: 'image', source, ...(detail === undefined || detail === 'auto' ? {} : { detail }), ...readCacheMark(part) };
}

function decodeFile(file: JsonObject, part: JsonObject, path: string): FilePart {
  const name = textOf(file.filename);
  const shared = { ...optional('name', name), ...readCacheMark(part) };
  const id = textOf(file.file_id);
  if (id !== undefined) return { type: 'file', source: { kind: 'id', id, wire: 'openai-chat' }, ...shared };
  const data = textOf(file.file_data);
  if (data === undefined) fail(`${path}.file must be an object with file_id or file_data.`, `${path}.file`);
  const isAddress = data.startsWith('data:') || data.startsWith('https://') || data.startsWith('http://');
  if (isAddress) return { type: 'file', source: readUrl(data, `${path}.file.file_data`), ...shared };
  return { type: 'file', source: { kind: 'data', mediaType: mediaTypeOf(name ?? ''), data }, ...shared };
}

/** Mistral writes a thought as a list of parts; the closing mark of a prefix says nothing to others. */
function decodeThinking(part: JsonObject): ReasoningPart {
  const { thinking } = part;
  const inner = asArray(thinking).map((item) => (isObject(item) ? (textOf(item.text) ?? '') : ''));
  const text = typeof thinking === 'string' ? thinking : inner.join('');
  const proof = textOf(part.signature);
  return { type: 'reasoning', text, ...(proof === undefined ? {} : { signature: openSignature(proof, 'openai-chat') }) };
}

function readUrl(url: string, path: string): MediaSource {
  if (!url.startsWith('data:')) return { kind: 'url', url };
  const content = parseDataUrl(url);
  if (content === undefined) fail(`${path} is no data: URL: write data:<media type>;base64,<data>.`, path);
  return { kind: 'data', ...content };
}

/** `cache_control` as OpenRouter and others take it over from Anthropic. */
export function readCacheMark(value: JsonObject): CacheMark {
  if (!isObject(value.cache_control)) return {};
  return { cache: optional('ttl', textOf(value.cache_control.ttl)) };
}

const mediaTypesOfEndings: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
};

/** OpenAI's files are documents in PDF unless the name says otherwise. */
function mediaTypeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return Object.hasOwn(mediaTypesOfEndings, ending) ? (mediaTypesOfEndings[ending] ?? 'application/pdf') : 'application/pdf';
}
