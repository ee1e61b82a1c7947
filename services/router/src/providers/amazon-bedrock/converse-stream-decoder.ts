import { isRecord, SluiceError, type TokenUsage } from '@sluice/contracts';
import type { AnswerEvent, JsonObject, SseEvent, StreamDecoder } from '@sluice/dialects';
import { sealedContent, sign } from './decode-converse-answer.ts';
import { jsonToolOf } from './json-tool.ts';
import { readCitation } from './read-citation.ts';
import { converseUsage, readConverseUsage } from './read-converse-usage.ts';
import { readStopReason } from './read-stop-reason.ts';
import { parseEvent } from '../parse-event.ts';

/** Most blocks of one answer. */
const maxBlocks = 10_000;

interface Block {
  readonly part: number;
  /** The tool whose input is the JSON that the client asked for. */
  readonly isJson: boolean;
}

/**
 * Reads the messages of ConverseStream. They come in any order but that of each block: recordings have `metadata` before
 * `messageStop` and after it, blocks without a start, and streams without `messageStart`.
 */
export class ConverseStreamDecoder implements StreamDecoder {
  readonly #jsonName: string | undefined;
  readonly #blocks = new Map<string, Block>();
  #started = false;
  #callsTools = false;
  #stopped = false;
  /** Held until the usage is known, which mostly comes after it: some client formats write both in one event. */
  #heldFinish: AnswerEvent | undefined;
  #usage: TokenUsage | undefined;

  constructor(sent: JsonObject | undefined) {
    this.#jsonName = jsonToolOf(sent);
  }

  get complete(): boolean {
    return this.#stopped;
  }

  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  push(event: SseEvent): AnswerEvent[] {
    const { type, payload } = readEvent(event);
    const events = this.#read(type, payload);
    if (this.#started || events[0]?.type === 'error') return events;
    this.#started = true;
    return [{ type: 'start', id: '', model: '' }, ...events];
  }

  end(): AnswerEvent[] {
    return this.#releaseFinish();
  }

  #read(type: string, payload: JsonObject): AnswerEvent[] {
    switch (type) {
      case 'messageStart':
      case 'contentBlockStop':
        return [];
      case 'contentBlockStart':
        return this.#startBlock(payload);
      case 'contentBlockDelta':
        return this.#readDelta(payload);
      case 'messageStop': {
        this.#stopped = true;
        const reason = typeof payload.stopReason === 'string' ? payload.stopReason : undefined;
        this.#heldFinish = { type: 'finish', finish: readStopReason(reason, payload.additionalModelResponseFields, this.#callsTools) };
        return this.#usage === undefined ? [] : this.#releaseFinish();
      }
      case 'metadata':
        return this.#readMetadata(payload);
    }
    if (!isError(type)) return []; // a kind of event that is younger than this code
    return [{ type: 'error', code: type, message: typeof payload.message === 'string' ? payload.message : '' }];
  }

  #startBlock(payload: JsonObject): AnswerEvent[] {
    const toolUse = isRecord(payload.start) ? payload.start.toolUse : undefined;
    if (!isRecord(toolUse)) return []; // a text; it begins with its first piece
    const { toolUseId, name } = toolUse;
    const isJson = this.#jsonName !== undefined && name === this.#jsonName;
    const { part } = this.#block(`${indexOf(payload)}:tool`, isJson);
    if (isJson) return [];
    this.#callsTools = true;
    return [
      { type: 'tool-call', part, id: typeof toolUseId === 'string' ? toolUseId : '', name: typeof name === 'string' ? name : '' },
      ...(isRecord(toolUse.input) && Object.keys(toolUse.input).length > 0
        ? [{ type: 'tool-input' as const, part, text: JSON.stringify(toolUse.input) }]
        : []),
    ];
  }

  #readDelta(payload: JsonObject): AnswerEvent[] {
    const { delta } = payload;
    if (!isRecord(delta)) return [];
    const index = indexOf(payload);
    if (typeof delta.text === 'string') {
      if (delta.text === '') return [];
      return [{ type: 'text', part: this.#block(`${index}:text`).part, text: delta.text }];
    }
    if (isRecord(delta.toolUse)) return this.#readToolInput(`${index}:tool`, delta.toolUse.input);
    if (isRecord(delta.reasoningContent)) return this.#readReasoning(`${index}:reasoning`, delta.reasoningContent);
    const annotation = readCitation(delta.citation);
    return annotation === undefined ? [] : [{ type: 'annotation', part: this.#block(`${index}:text`).part, annotation }];
  }

  #readToolInput(key: string, input: unknown): AnswerEvent[] {
    const block = this.#blocks.get(key);
    const text = typeof input === 'string' ? input : isRecord(input) ? JSON.stringify(input) : '';
    if (block === undefined || text === '') return [];
    return [{ type: block.isJson ? 'text' : 'tool-input', part: block.part, text }];
  }

  #readReasoning(key: string, content: JsonObject): AnswerEvent[] {
    const { text, signature } = content;
    if (typeof text === 'string') return text === '' ? [] : [{ type: 'reasoning', part: this.#block(key).part, text }];
    if (typeof signature === 'string' && signature !== '') {
      return [{ type: 'signature', part: this.#block(key).part, signature: sign(signature) }];
    }
    const sealed = sealedContent(content);
    if (sealed === undefined) return [];
    return [{ type: 'signature', part: this.#block(key).part, signature: sign(sealed), sealed: true }];
  }

  #readMetadata(payload: JsonObject): AnswerEvent[] {
    const parsed = converseUsage.safeParse(payload.usage);
    if (!parsed.success) return [];
    this.#usage = readConverseUsage(parsed.data);
    return [{ type: 'usage', usage: this.#usage }, ...this.#releaseFinish()];
  }

  #releaseFinish(): AnswerEvent[] {
    const finish = this.#heldFinish;
    this.#heldFinish = undefined;
    return finish === undefined ? [] : [finish];
  }

  /** A block counts from its first event on; one index may hold blocks of two kinds where a model does not tell them apart. */
  #block(key: string, isJson = false): Block {
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    if (this.#blocks.size >= maxBlocks) throw new SluiceError('provider_error', `The provider sent more than ${maxBlocks} content blocks.`);
    const block = { part: this.#blocks.size, isJson };
    this.#blocks.set(key, block);
    return block;
  }
}

/** The type stands in the message's head; where it does not, it is the only member of the payload. */
function readEvent(event: SseEvent): { readonly type: string; readonly payload: JsonObject } {
  const data = parseEvent(event.data);
  const [only] = Object.keys(data);
  const type = event.event ?? only ?? '';
  const inner = data[type];
  return { type, payload: isRecord(inner) ? inner : data };
}

function indexOf(payload: JsonObject): number {
  return typeof payload.contentBlockIndex === 'number' ? payload.contentBlockIndex : 0;
}

function isError(type: string): boolean {
  return /(?:exception|error)$/i.test(type);
}
