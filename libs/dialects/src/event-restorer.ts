import { FieldRestorer, restoreText, type Matchers } from './field-restorer.ts';
import type { JsonObject } from './json-value.ts';
import { readingAnswer } from './reading-answer.ts';
import type { StreamRestorer } from './restorer.ts';
import { SseParser, type SseEvent } from './sse-parser.ts';
import { walkTexts } from './walk-texts.ts';

/** What a dialect knows of its own events; {@link EventRestorer} does the rest. One for each stream. */
export interface EventRewriter {
  /** Events in place of one, those that it sets free before it. `event.raw` itself leaves it as it came. */
  restore(event: SseEvent): Uint8Array[];
  /** Events that carry what is still held back. */
  flush(): Uint8Array[];
}

/** Cuts a stream into events and gives each to a rewriter. Bytes in which nothing changed pass as the same object. */
export class EventRestorer implements StreamRestorer {
  readonly #parser = new SseParser();
  readonly #rewriter: EventRewriter;

  constructor(rewriter: EventRewriter) {
    this.#rewriter = rewriter;
  }

  push(bytes: Uint8Array): Uint8Array {
    const carried = this.#parser.pendingBytes;
    const events = this.#parser.push(bytes);
    const parts: Uint8Array[] = [];
    let changed = carried > 0 || this.#parser.pendingBytes > 0;
    for (const event of events) {
      const restored = this.#restore(event);
      if (restored.length !== 1 || restored[0] !== event.raw) changed = true;
      parts.push(...restored);
    }
    return changed ? Buffer.concat(parts) : bytes;
  }

  end(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const event of this.#parser.end()) parts.push(...this.#restore(event));
    const flushed = this.#rewriter.flush();
    // An event that the provider left without its blank line must be closed before another one may follow.
    if (parts.length > 0 && flushed.length > 0) parts.push(Buffer.from('\n\n'));
    return Buffer.concat([...parts, ...flushed]);
  }

  #restore(event: SseEvent): Uint8Array[] {
    return readingAnswer(() => this.#rewriter.restore(event));
  }
}

/** Running texts of one stream; what comes in further ones is restored within each event only. */
const maxRunningTexts = 1_024;

/** Text that was held back, and where it belongs. */
interface HeldText<Place> {
  readonly place: Place;
  readonly text: string;
}

/** The texts of a stream that run on over events, each with its own hold-back. `Place` says where in the answer one stands. */
export class RunningTexts<Place> {
  readonly #matchers: Matchers;
  readonly #texts = new Map<string, { readonly place: Place; readonly restorer: FieldRestorer }>();

  constructor(matchers: Matchers) {
    this.#matchers = matchers;
  }

  /**
   * @param id of the running text within the stream
   * @param document it is a JSON document for certain, as tool-call arguments are
   * @param final nothing of it follows
   */
  push(id: string, place: Place, document: boolean, text: string, final: boolean): string {
    let running = this.#texts.get(id);
    if (running === undefined) {
      if (this.#texts.size >= maxRunningTexts) return restoreText(this.#matchers, text, document);
      running = { place, restorer: new FieldRestorer(this.#matchers, document) };
      this.#texts.set(id, running);
    }
    return running.restorer.push(text, final);
  }

  /** Takes what is held back, of all texts or of those that `belongs` names. */
  take(belongs: (place: Place) => boolean = () => true): HeldText<Place>[] {
    const held: HeldText<Place>[] = [];
    for (const { place, restorer } of this.#texts.values()) {
      if (restorer.holds && belongs(place)) held.push({ place, text: restorer.push('', true) });
    }
    return held;
  }
}

const assistant = { role: 'assistant', last: false } as const;

/** Restores every string under a value that does not run on, copy-on-write. `key` is the member's name that holds it. */
export function restoreWhole(matchers: Matchers, value: unknown, key: string): unknown {
  return walkTexts(value, '', assistant, ({ text }) => restoreText(matchers, text, false), key);
}

/** One server-sent event. */
export function encodeEvent(data: JsonObject, name?: string): Uint8Array {
  return Buffer.from(`${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`);
}
