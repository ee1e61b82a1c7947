import type { TokenUsage } from '@sluice/contracts';
import { type AnswerEvent, finishWords, type SseEvent, type StreamDecoder } from '@sluice/dialects';
import type { PieceKind } from './endpoint.ts';

/** What an event of the provider's means. */
export interface ObservedEvent {
  readonly kind: PieceKind;
  readonly events: readonly AnswerEvent[];
}

/** Follows a stream by its decoder: what each event is, what was used, and how it ended. */
export class DecoderObserver {
  readonly #decoder: StreamDecoder;
  finishReason: string | undefined;
  contentEvents = 0;
  /** Events that came, and those of them that meant something. */
  #came = 0;
  #known = 0;

  constructor(decoder: StreamDecoder) {
    this.#decoder = decoder;
  }

  get usage(): TokenUsage | undefined {
    return this.#decoder.usage;
  }

  get complete(): boolean {
    return this.#decoder.complete;
  }

  get foreign(): boolean {
    return this.#came > 0 && this.#known === 0;
  }

  /** @throws SluiceError `provider_error` */
  read(event: SseEvent): ObservedEvent {
    this.#came += 1;
    return this.#classify(this.#decoder.push(event));
  }

  end(): ObservedEvent {
    return this.#classify(this.#decoder.end());
  }

  #classify(events: readonly AnswerEvent[]): ObservedEvent {
    let kind: PieceKind = 'preamble';
    if (events.length > 0) this.#known += 1;
    for (const event of events) {
      if (event.type === 'error') return { kind: 'error', events };
      if (event.type === 'finish') this.finishReason = finishWords[event.finish.reason];
      if (event.type === 'start' || event.type === 'usage' || (event.type === 'text' && event.text === '')) continue;
      kind = 'content';
    }
    if (kind === 'content') this.contentEvents += 1;
    return { kind, events };
  }
}
