import { SluiceError } from '@sluice/contracts';
import { scanMembers, skipWhitespace, type Member } from './scan-members.ts';

export interface BodyPatch {
  readonly model?: string;
  /** `true` sets `stream_options.include_usage`, keeping the other stream options; `false` turns it off where it is set. */
  readonly includeUsage?: boolean;
  readonly stream?: boolean;
}

/** New bytes for `start` to `end`. */
interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Edits top-level members of a JSON object by splicing bytes: one pass, no parse, no print. Of a member that occurs more
 * than once every occurrence is edited, so that no reader sees an old value. Input that needs no change comes back as
 * the same object. The bytes are taken to be valid JSON, as ingress has checked.
 * @throws SluiceError `invalid_request` where the bytes are not a JSON object
 */
export function rewriteBody(bytes: Uint8Array, patch: BodyPatch): Uint8Array {
  if (patch.model === undefined && patch.includeUsage === undefined && patch.stream === undefined) return bytes;
  const open = skipWhitespace(bytes, hasByteOrderMark(bytes) ? 3 : 0);
  const members = scanMembers(bytes, open, ['model', 'stream', 'stream_options']);
  if (members === undefined) throw new SluiceError('invalid_request', 'The request body must be a JSON object.');
  const splices: Splice[] = [];
  const missing: string[] = [];
  const set = (key: string, value: string) => {
    const found = members.found.filter((member) => member.key === key);
    for (const member of found) replaceValue(bytes, member, value, splices);
    if (found.length === 0) missing.push(`"${key}":${value}`);
  };
  if (patch.model !== undefined) set('model', JSON.stringify(patch.model));
  if (patch.stream !== undefined) set('stream', String(patch.stream));
  if (patch.includeUsage !== undefined) {
    const found = members.found.filter((member) => member.key === 'stream_options');
    for (const member of found) editStreamOptions(bytes, member, patch.includeUsage, splices);
    if (found.length === 0 && patch.includeUsage) missing.push('"stream_options":{"include_usage":true}');
  }
  if (missing.length > 0) splices.push(insertion(open, missing.join(','), members.empty));
  return applySplices(bytes, splices);
}

function editStreamOptions(bytes: Uint8Array, member: Member, includeUsage: boolean, splices: Splice[]): void {
  const options = scanMembers(bytes, member.start, ['include_usage']);
  if (options === undefined) {
    if (includeUsage) splices.push({ start: member.start, end: member.end, text: '{"include_usage":true}' });
    return;
  }
  for (const option of options.found) replaceValue(bytes, option, String(includeUsage), splices);
  if (options.found.length === 0 && includeUsage) splices.push(insertion(member.start, '"include_usage":true', options.empty));
}

function insertion(open: number, text: string, empty: boolean): Splice {
  return { start: open + 1, end: open + 1, text: empty ? text : `${text},` };
}

function replaceValue(bytes: Uint8Array, member: Member, text: string, splices: Splice[]): void {
  const present = Buffer.from(bytes.buffer, bytes.byteOffset + member.start, member.end - member.start);
  if (!present.equals(Buffer.from(text))) splices.push({ start: member.start, end: member.end, text });
}

function applySplices(bytes: Uint8Array, splices: Splice[]): Uint8Array {
  if (splices.length === 0) return bytes;
  splices.sort((left, right) => left.start - right.start);
  const parts: Uint8Array[] = [];
  let position = 0;
  for (const splice of splices) {
    parts.push(bytes.subarray(position, splice.start), Buffer.from(splice.text));
    position = splice.end;
  }
  parts.push(bytes.subarray(position));
  return Buffer.concat(parts);
}

function hasByteOrderMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
