import type { JsonObject } from '../json-value.ts';
import type { Losses } from '../neutral/losses.ts';
import type { CacheMark, FilePart, Part } from '../neutral/model-request.ts';
import { writeDataUrl } from './data-url.ts';
import { optional } from './optional.ts';

/**
 * One content part of a message that the user, the system or a tool says; none where it was left out.
 * @param path of the turn, for refusals
 */
export function encodePart(part: Part, path: string, losses: Losses): JsonObject[] {
  switch (part.type) {
    case 'text':
      hintAtMark(part, losses);
      return [{ type: 'text', text: part.text }];
    case 'image': {
      hintAtMark(part, losses);
      const { source, detail } = part;
      if (source.kind === 'id') {
        losses.feature(path, 'takes no image by the id of a file');
        return [];
      }
      return [
        { type: 'image_url', image_url: { url: source.kind === 'url' ? source.url : writeDataUrl(source), ...optional('detail', detail) } },
      ];
    }
    case 'audio':
      return [{ type: 'input_audio', input_audio: { data: part.data, format: part.format } }];
    case 'file':
      hintAtMark(part, losses);
      return encodeFile(part, path, losses);
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'native':
      if (part.wire === 'openai-chat') return [part.value];
      losses.feature(path, `knows no part of the type "${String(part.value.type)}"`);
      return [];
    default:
      losses.feature(path, `takes no ${part.type} here`);
      return [];
  }
}

function encodeFile(part: FilePart, path: string, losses: Losses): JsonObject[] {
  const { source, name } = part;
  if (source.kind === 'data') {
    // OpenAI takes documents in PDF only; what is text is said as text.
    if (isText(source.mediaType)) return [{ type: 'text', text: Buffer.from(source.data, 'base64').toString('utf8') }];
    return [{ type: 'file', file: { filename: name ?? nameOf(source.mediaType), file_data: writeDataUrl(source) } }];
  }
  // Files of one account serve both of OpenAI's interfaces.
  if (source.kind === 'id' && (source.wire === 'openai-chat' || source.wire === 'openai-responses')) {
    return [{ type: 'file', file: { file_id: source.id } }];
  }
  losses.feature(path, source.kind === 'url' ? 'takes no file by its address' : 'does not hold this file');
  return [];
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith('text/') || mediaType === 'application/json';
}

function nameOf(mediaType: string): string {
  return mediaType === 'application/pdf' ? 'document.pdf' : 'document';
}

/** OpenAI keeps prefixes by itself. */
function hintAtMark(part: CacheMark, losses: Losses): void {
  if (part.cache !== undefined) losses.hint('cache_control');
}
