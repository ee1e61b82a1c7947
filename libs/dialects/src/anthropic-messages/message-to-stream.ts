import { SluiceError } from '@sluice/contracts';
import { encodeEvent } from '../event-restorer.ts';
import { asArray, isObject, type JsonObject } from '../json-value.ts';

/**
 * The events that Anthropic would have streamed for a plain message. A replay has nothing to wait for, so each text
 * comes in one delta. Usage stands in every stream of this format, whether it was asked for or not.
 * @throws SluiceError `internal_error` where it is no message
 */
export function messageToStream(message: unknown): Uint8Array[] {
  if (!isObject(message) || !Array.isArray(message.content)) {
    throw new SluiceError('internal_error', 'A stored answer could not be streamed; retry with cache-control: no-cache.');
  }
  const { content, stop_reason, stop_sequence, stop_details, usage, ...head } = message;
  const counts = isObject(usage) ? usage : { input_tokens: 0, output_tokens: 0 };
  const details = stop_details === undefined ? {} : { stop_details };
  const start = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...counts, output_tokens: 0 } };
  return [
    event({ type: 'message_start', message: start }),
    ...asArray(content).filter(isObject).flatMap(blockEvents),
    event({
      type: 'message_delta',
      delta: { stop_reason: stop_reason ?? 'end_turn', stop_sequence: stop_sequence ?? null, ...details },
      usage: counts,
    }),
    event({ type: 'message_stop' }),
  ];
}

/** Texts begin empty and come as deltas, for clients that read nothing else; all other blocks come whole, as results of server tools do. */
function blockEvents(block: JsonObject, index: number): Uint8Array[] {
  const { start, deltas } = opened(block);
  return [
    event({ type: 'content_block_start', index, content_block: start }),
    ...deltas.map((delta) => event({ type: 'content_block_delta', index, delta })),
    event({ type: 'content_block_stop', index }),
  ];
}

function opened(block: JsonObject): { start: JsonObject; deltas: JsonObject[] } {
  const { text, thinking, signature, input, citations } = block;
  if (block.type === 'text' && typeof text === 'string') {
    const sources = asArray(citations).map((citation) => ({ type: 'citations_delta', citation }));
    const start = { ...block, text: '', ...(sources.length === 0 ? {} : { citations: [] }) };
    return { start, deltas: [...sources, ...(text === '' ? [] : [{ type: 'text_delta', text }])] };
  }
  if (block.type === 'thinking' && typeof thinking === 'string') {
    const signed = typeof signature === 'string' && signature !== '';
    return {
      start: { ...block, thinking: '', ...(signed ? { signature: '' } : {}) },
      deltas: [
        ...(thinking === '' ? [] : [{ type: 'thinking_delta', thinking }]),
        ...(signed ? [{ type: 'signature_delta', signature }] : []),
      ],
    };
  }
  if (isObject(input) && Object.keys(input).length > 0) {
    return { start: { ...block, input: {} }, deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(input) }] };
  }
  return { start: block, deltas: [] };
}

function event(data: JsonObject & { readonly type: string }): Uint8Array {
  return encodeEvent(data, data.type);
}
