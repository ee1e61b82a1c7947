import { isRecord, type Dialect, type TokenUsage } from '@sluice/contracts';
import { readFinishReason, readUsage, type SseEvent } from '@sluice/dialects';
import type { PieceKind } from './endpoint.ts';

/**
 * Reads chat and completion chunks. Once the answer has begun only the events that can matter are parsed: those that
 * name a usage object, a finish reason or an error. A quotation mark inside content is escaped on the wire, so the
 * marks below cannot be forged by what the model writes; at worst an event is parsed in vain.
 */
export class ChunkObserver {
  readonly #dialect: Dialect;
  readonly #stripUsage: boolean;
  usage: TokenUsage | undefined;
  finishReason: string | undefined;
  contentEvents = 0;
  complete = false;
  #came = false;
  #known = false;

  constructor(dialect: Dialect, stripUsage: boolean) {
    this.#dialect = dialect;
    this.#stripUsage = stripUsage;
  }

  get foreign(): boolean {
    return this.#came && !this.#known;
  }

  read(event: SseEvent): PieceKind {
    const { data } = event;
    if (data === '') return 'preamble';
    if (data === '[DONE]') {
      this.complete = true;
      return 'content';
    }
    if (this.contentEvents > 0 && looksWhole(data) && !matters.test(data)) {
      this.contentEvents += 1;
      return 'content';
    }
    const chunk = parse(data);
    this.#came = true;
    if (chunk === undefined || (chunk.error !== undefined && chunk.error !== null) || event.event === 'error') return 'error';
    return this.#readChunk(chunk);
  }

  #readChunk(chunk: Record<string, unknown>): PieceKind {
    if (isRecord(chunk.usage)) this.usage = readUsage(this.#dialect, chunk) ?? this.usage;
    if (Array.isArray(chunk.choices)) this.#known = true;
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    if (choices.length === 0) return this.#stripUsage && isRecord(chunk.usage) ? 'strip' : 'preamble';
    const finishReason = readFinishReason(this.#dialect, chunk);
    if (finishReason !== undefined) {
      this.finishReason = finishReason;
      this.complete = true;
    }
    if (finishReason === undefined && !choices.some(hasContent)) return 'preamble';
    this.contentEvents += 1;
    return 'content';
  }
}

/** A usage object, an error, or a finish reason: `"finish_reason":null` stands in every chunk but the last. */
const matters = /"(?:usage"\s*:\s*\{|error"|finish_reason"\s*:\s*")/;

/** A cut event would crash the client's parser; it is parsed here, and so found out. */
function looksWhole(data: string): boolean {
  return data.startsWith('{') && data.endsWith('}');
}

function parse(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Anything beyond the role that opens an answer. */
function hasContent(choice: unknown): boolean {
  if (!isRecord(choice)) return false;
  if (typeof choice.text === 'string') return choice.text !== '';
  const { delta } = choice;
  if (!isRecord(delta)) return false;
  return Object.entries(delta).some(([name, value]) => name !== 'role' && value !== null && value !== '');
}
