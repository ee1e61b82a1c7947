import { isRecord, type Dialect } from '@sluice/contracts';
import { rewriteBody } from '@sluice/dialects';
import type { EncodedRequest, Endpoint } from '../providers/provider-adapter.ts';
import { ChunkObserver } from './chunk-observer.ts';

/** Streams of chat say what they used only when asked, so the router asks, and hides the answer again. */
function encodeChat(body: Uint8Array, model: string, stream: boolean): EncodedRequest {
  if (!stream) return { bytes: rewriteBody(body, { model }), stripUsage: false };
  return { bytes: rewriteBody(body, { model, includeUsage: true }), stripUsage: !asksForUsage(body) };
}

function asksForUsage(body: Uint8Array): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Absent from most bodies: the parse is for those that name it.
  if (!bytes.includes('"include_usage"')) return false;
  try {
    const parsed: unknown = JSON.parse(bytes.toString());
    const options = isRecord(parsed) ? parsed.stream_options : undefined;
    return isRecord(options) && options.include_usage === true;
  } catch {
    return false;
  }
}

/** What OpenAI's wire format has a path for, of the dialects that libs/dialects reads. */
export const openaiEndpoints: Partial<Record<Dialect, Endpoint>> = {
  'openai-chat': {
    path: '/chat/completions',
    encode: encodeChat,
    observe: (stripUsage) => new ChunkObserver('openai-chat', stripUsage),
  },
};
