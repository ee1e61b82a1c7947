import type { AudioPart, FilePart, ImagePart, JsonObject, Losses } from '@sluice/dialects';

/** Media types that Gemini reads, by the ending of an address. */
const typeOfEnding: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  xml: 'text/xml',
  json: 'application/json',
  mp3: 'audio/mp3',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  aac: 'audio/aac',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
};

/** A part of Gemini's for an image, a sound or a file; undefined where it had to be left out. Google fetches addresses itself. */
export function encodeMedia(part: ImagePart | AudioPart | FilePart, losses: Losses): JsonObject | undefined {
  if (part.type === 'audio') return { inlineData: { mimeType: `audio/${part.format}`, data: part.data } };
  if (part.type === 'image' && part.detail !== undefined && part.detail !== 'auto') losses.hint('messages.content.image_url.detail');
  if (part.type === 'file' && part.name !== undefined) losses.hint('messages.content.file.filename');
  const { source } = part;
  if (source.kind === 'data') return { inlineData: { mimeType: source.mediaType, data: source.data } };
  const fallback = part.type === 'image' ? 'image/jpeg' : 'application/pdf';
  if (source.kind === 'url') return { fileData: { mimeType: typeOfAddress(source.url) ?? fallback, fileUri: source.url } };
  if (source.wire === 'gemini') return { fileData: { mimeType: typeOfAddress(source.id) ?? fallback, fileUri: source.id } };
  losses.feature(`messages.content.${part.type}`, 'cannot read a file that another provider holds; send its content');
  return undefined;
}

/** Vertex insists on a media type, and an address may be without an ending. */
function typeOfAddress(address: string): string | undefined {
  const url = URL.parse(address);
  if (url === null) return undefined;
  if (/(?:^|\.)(?:youtube\.com|youtu\.be)$/.test(url.hostname)) return 'video/mp4';
  return typeOfEnding[/\.([A-Za-z0-9]+)$/.exec(url.pathname)?.[1]?.toLowerCase() ?? ''];
}
