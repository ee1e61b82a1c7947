import type { UnmaskTable } from '@sluice/contracts';
import { encodeEvent, RunningTexts, type EventRewriter } from '../event-restorer.ts';
import { Matchers, restoreText } from '../field-restorer.ts';
import { isObject, mapMembers, parseJson, type JsonObject } from '../json-value.ts';
import type { SseEvent } from '../sse-parser.ts';
import { walkAnswerMessage } from './walk-message-texts.ts';

/** Where a running text stands: its block, and how a delta that carries more of it looks. */
interface Place {
  readonly index: number;
  readonly delta: (text: string) => JsonObject;
}

/** Members of a delta whose text runs on over events; that of a call's input is a JSON document. */
const runningMembers: Readonly<Record<string, string>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  input_json_delta: 'partial_json',
  compaction_delta: 'content',
};

/** Restores a stream of Anthropic's: per block for text, thinking and the input of calls; what is held back comes before the block's end. */
export class MessagesStreamRestorer implements EventRewriter {
  readonly #matchers: Matchers;
  readonly #texts: RunningTexts<Place>;

  constructor(table: UnmaskTable) {
    this.#matchers = new Matchers(table);
    this.#texts = new RunningTexts(this.#matchers);
  }

  restore(event: SseEvent): Uint8Array[] {
    if (event.data === '') return [event.raw];
    const data = parseJson(event.data);
    if (!isObject(data)) return [event.raw];
    const { index } = data;
    if (data.type === 'content_block_delta' && typeof index === 'number' && isObject(data.delta)) {
      return this.#result(event, data, 'delta', this.#restoreDelta(data.delta, index));
    }
    if (data.type === 'content_block_start') {
      // Most blocks begin empty; one that begins with text has no held-back text of its own yet.
      return this.#result(event, data, 'content_block', this.#restoreWhole(data.content_block));
    }
    if (data.type === 'message_start') return this.#result(event, data, 'message', this.#restoreWhole(data.message));
    if (data.type === 'content_block_stop' && typeof index === 'number') return [...this.flush(index), event.raw];
    if (data.type === 'ping') return [event.raw];
    const freed = this.flush();
    const restored = isObject(data.delta) ? this.#restoreWhole(data.delta) : data.delta;
    return [...freed, ...this.#result(event, data, 'delta', restored)];
  }

  /** One event for each running text (or for those of one block) of which something is held back. */
  flush(index?: number): Uint8Array[] {
    return this.#texts
      .take((place) => index === undefined || place.index === index)
      .map(({ place, text }) =>
        encodeEvent({ type: 'content_block_delta', index: place.index, delta: place.delta(text) }, 'content_block_delta'),
      );
  }

  #restoreDelta(delta: JsonObject, index: number): unknown {
    const type = typeof delta.type === 'string' ? delta.type : '';
    const running = Object.hasOwn(runningMembers, type) ? runningMembers[type] : undefined;
    if (running === undefined) return this.#restoreWhole(delta);
    return mapMembers(delta, (key, value) => {
      if (key !== running || typeof value !== 'string') return value;
      const place: Place = { index, delta: (text) => ({ type, [running]: text }) };
      return this.#texts.push(`${index} ${type}`, place, type === 'input_json_delta', value, false);
    });
  }

  #restoreWhole(value: unknown): unknown {
    return walkAnswerMessage(value, ({ text }) => restoreText(this.#matchers, text, false));
  }

  #result(event: SseEvent, data: JsonObject, key: string, restored: unknown): Uint8Array[] {
    return restored === data[key] ? [event.raw] : [encodeEvent({ ...data, [key]: restored }, event.event)];
  }
}
