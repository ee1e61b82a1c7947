/** Content inside an address, in base64 whatever way it was written. */
interface DataUrl {
  readonly mediaType: string;
  readonly data: string;
}

/** Longest list of parameters between `data:` and the comma; the content behind it is never searched. */
const maxHeadLength = 256;

/** What a `data:` address holds (RFC 2397); undefined where it is none, or is broken. */
export function parseDataUrl(url: string): DataUrl | undefined {
  if (!url.slice(0, 5).toLowerCase().startsWith('data:')) return undefined;
  const comma = url.slice(0, maxHeadLength).indexOf(',');
  if (comma === -1) return undefined;
  const [mediaType = '', ...parameters] = url.slice(5, comma).split(';');
  const type = mediaType === '' ? 'text/plain' : mediaType.toLowerCase();
  const content = url.slice(comma + 1);
  if (parameters.at(-1)?.trim().toLowerCase() === 'base64') return { mediaType: type, data: content };
  try {
    return { mediaType: type, data: Buffer.from(decodeURIComponent(content)).toString('base64') };
  } catch {
    return undefined;
  }
}

export function writeDataUrl(source: DataUrl): string {
  return `data:${source.mediaType};base64,${source.data}`;
}
