import type { TokenUsage } from '@sluice/contracts';
import { encodeEvent } from '../event-restorer.ts';
import { isObject, parseJson, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { bytesWritten, type StreamCloser } from '../stream-closer.ts';
import { encodeUsage } from './encode-usage.ts';

/** Most content blocks that are open at once; Anthropic's own streams have one. */
const maxOpenBlocks = 128;

/** Follows a stream of Anthropic's, see {@link StreamCloser}. */
export class MessagesStreamCloser implements StreamCloser {
  /** Indexes of the blocks that have begun and not ended. */
  #open: unknown[] = [];
  /** What was read last, and is not passed on yet. */
  #next: JsonObject | undefined;
  ended = false;

  read(event: SseEvent): number {
    const data = event.data === '' ? undefined : parseJson(event.data);
    this.#next = isObject(data) ? data : undefined;
    if (!isObject(data)) return 0;
    if (data.type === 'content_block_start') return isObject(data.content_block) ? bytesOfBlock(data.content_block) : 0;
    return data.type === 'content_block_delta' && isObject(data.delta) ? bytesOfDelta(data.delta) : 0;
  }

  pass(): void {
    const data = this.#next;
    this.#next = undefined;
    switch (data?.type) {
      case 'message_start':
        this.ended = false;
        break;
      case 'content_block_start':
        if (this.#open.length < maxOpenBlocks) this.#open.push(data.index);
        break;
      case 'content_block_stop':
        this.#open = this.#open.filter((index) => index !== data.index);
        break;
      case 'message_delta':
        if (isObject(data.delta) && typeof data.delta.stop_reason === 'string') this.ended = true;
    }
  }

  close(usage: TokenUsage): Uint8Array {
    const stops = this.#open.map((index) => typed({ type: 'content_block_stop', index }));
    const delta = { stop_reason: 'max_tokens', stop_sequence: null };
    return Buffer.concat([...stops, typed({ type: 'message_delta', delta, usage: encodeUsage(usage) }), typed({ type: 'message_stop' })]);
  }
}

/** What tools of the provider found is input of the next turn, and nothing that the model wrote. */
function bytesOfBlock({ text, thinking, data, name, input }: JsonObject): number {
  return bytesWritten(text) + bytesWritten(thinking) + bytesWritten(data) + bytesWritten(name) + bytesWritten(input);
}

/** A signature is no output: the thought that it is for was counted. */
function bytesOfDelta({ text, thinking, partial_json: json }: JsonObject): number {
  return bytesWritten(text) + bytesWritten(thinking) + bytesWritten(json);
}

function typed(data: JsonObject & { readonly type: string }): Uint8Array {
  return encodeEvent(data, data.type);
}
