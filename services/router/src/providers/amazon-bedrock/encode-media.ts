import type { AudioPart, FilePart, ImagePart, JsonObject, Losses, MediaSource } from '@sluice/dialects';

const imageFormats: Readonly<Partial<Record<string, string>>> = {
  'image/jpeg': 'jpeg',
  'image/jpg': 'jpeg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
};
const documentFormats: Readonly<Partial<Record<string, string>>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
};
const videoFormats: Readonly<Partial<Record<string, string>>> = {
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
  'video/x-matroska': 'mkv',
  'video/x-flv': 'flv',
  'video/mpeg': 'mpeg',
  'video/x-ms-wmv': 'wmv',
  'video/3gpp': 'three_gp',
};
/** Media types by the ending of a name, for files in S3, whose type nobody says. */
const typeOfEnding: Readonly<Partial<Record<string, string>>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  pdf: 'application/pdf',
  csv: 'text/csv',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
};

const byContentOnly = 'takes media by content (a data: address) or from s3:// only';

/** Undefined where it was left out as a loss. */
export function encodeImage(part: ImagePart, path: string, losses: Losses): JsonObject | undefined {
  const found = readSource(part.source);
  const format = found === undefined ? undefined : imageFormats[found.mediaType];
  if (found === undefined || format === undefined) {
    losses.feature(path, found === undefined ? byContentOnly : 'takes images as JPEG, PNG, GIF or WebP only');
    return undefined;
  }
  return { image: { format, source: found.source } };
}

export function encodeAudio(part: AudioPart): JsonObject {
  return { audio: { format: part.format, source: { bytes: part.data } } };
}

/** @param names of documents so far; no two in a request may be the same, and this adds its own */
export function encodeFile(part: FilePart, path: string, losses: Losses, names: Set<string>): JsonObject | undefined {
  const found = readSource(part.source);
  if (found === undefined) {
    losses.feature(path, byContentOnly);
    return undefined;
  }
  const { mediaType, source } = found;
  const image = imageFormats[mediaType];
  if (image !== undefined) return { image: { format: image, source } };
  const video = videoFormats[mediaType];
  if (video !== undefined) return { video: { format: video, source } };
  const format = documentFormats[mediaType];
  if (format === undefined) {
    losses.feature(path, `takes no files of the type ${mediaType}`);
    return undefined;
  }
  return { document: { format, name: documentName(part.name, names), source } };
}

function readSource(source: MediaSource): { readonly mediaType: string; readonly source: JsonObject } | undefined {
  if (source.kind === 'data') {
    const [mediaType = ''] = source.mediaType.toLowerCase().split(';');
    return { mediaType, source: { bytes: source.data } };
  }
  if (source.kind === 'id' || !source.url.startsWith('s3://')) return undefined;
  const ending = source.url.slice(source.url.lastIndexOf('.') + 1).toLowerCase();
  const mediaType = typeOfEnding[ending];
  return mediaType === undefined ? undefined : { mediaType, source: { s3Location: { uri: source.url } } };
}

/** Converse allows letters, digits, single spaces, hyphens, parentheses and brackets in a document's name. */
function documentName(name: string | undefined, names: Set<string>): string {
  const plain = (name ?? '')
    .replace(/\.[a-zA-Z0-9]{1,5}$/, '')
    .replace(/[^a-zA-Z0-9 ()[\]-]/g, ' ')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 180)
    .trim();
  const first = plain === '' ? 'document' : plain;
  let unique = first;
  for (let number = 2; names.has(unique); number++) unique = `${first} ${number}`;
  names.add(unique);
  return unique;
}
