import { asArray, isObject, type JsonObject } from '../json-value.ts';
import type { AudioPart, FilePart, ImagePart, MediaSource, NativePart, RefusalPart, TextPart } from '../neutral/model-request.ts';
import { decodeAnnotation } from './annotations.ts';

const wire = 'openai-responses';

/** Parts of a message or of a tool's output. */
export type Content = TextPart | ImagePart | FilePart | AudioPart | RefusalPart | NativePart;

/** `content` of a message, or `output` of a call: a string or parts. */
export function decodeContent(content: unknown): Content[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return asArray(content).flatMap((part) => (isObject(part) ? [decodePart(part)] : []));
}

function decodePart(part: JsonObject): Content {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return typeof part.text === 'string' ? decodeText(part, part.text) : native(part);
    case 'refusal':
      return { type: 'refusal', text: typeof part.refusal === 'string' ? part.refusal : '' };
    case 'input_image':
      return decodeImage(part);
    case 'input_file':
      return decodeFile(part);
    case 'input_audio':
      return decodeAudio(part);
    default:
      return native(part);
  }
}

function native(value: JsonObject): NativePart {
  return { type: 'native', wire, value };
}

function decodeText(part: JsonObject, text: string): TextPart {
  const annotations = asArray(part.annotations).filter(isObject).map(decodeAnnotation);
  return annotations.length === 0 ? { type: 'text', text } : { type: 'text', text, annotations };
}

function decodeImage(part: JsonObject): ImagePart | NativePart {
  const source = typeof part.image_url === 'string' ? sourceOfUrl(part.image_url) : sourceOfId(part.file_id);
  if (source === undefined) return native(part);
  const detail = typeof part.detail === 'string' && part.detail !== 'auto' ? { detail: part.detail } : {};
  return { type: 'image', source, ...detail };
}

function decodeFile(part: JsonObject): FilePart | NativePart {
  const source =
    typeof part.file_data === 'string'
      ? sourceOfData(part.file_data)
      : typeof part.file_url === 'string'
        ? sourceOfUrl(part.file_url)
        : sourceOfId(part.file_id);
  if (source === undefined) return native(part);
  return { type: 'file', source, ...(typeof part.filename === 'string' ? { name: part.filename } : {}) };
}

function decodeAudio(part: JsonObject): AudioPart | NativePart {
  const audio = isObject(part.input_audio) ? part.input_audio : {};
  if (typeof audio.data !== 'string' || typeof audio.format !== 'string') return native(part);
  return { type: 'audio', data: audio.data, format: audio.format };
}

function sourceOfId(id: unknown): MediaSource | undefined {
  return typeof id === 'string' ? { kind: 'id', id, wire } : undefined;
}

function sourceOfUrl(url: string): MediaSource {
  const comma = url.startsWith('data:') ? url.indexOf(';base64,') : -1;
  if (comma === -1) return { kind: 'url', url };
  const [mediaType = ''] = url.slice('data:'.length, comma).split(';', 1);
  return { kind: 'data', mediaType, data: url.slice(comma + ';base64,'.length) };
}

/** A data URL, or bare base64: then it is a PDF, the one type that the API took at first. */
function sourceOfData(data: string): MediaSource {
  return data.startsWith('data:') ? sourceOfUrl(data) : { kind: 'data', mediaType: 'application/pdf', data };
}
