import type { Dialect, SluiceError } from '@sluice/contracts';
import type { TokenUsage } from '@sluice/contracts';
import type { SseEvent } from '@sluice/dialects';

/** A request as it goes to the provider. */
export interface EncodedRequest {
  readonly bytes: Uint8Array;
  /** True where usage was asked for by the gateway only: the client must not see the event that carries it. */
  readonly stripUsage: boolean;
}

/**
 * What an event of a stream is: `preamble` may be held back until it is known that the provider really answers,
 * `content` commits the attempt, `strip` is not the client's, `error` ends the attempt.
 */
export type EventKind = 'preamble' | 'content' | 'strip' | 'error';

/** Reads one stream as it passes by. */
export interface StreamObserver {
  read(event: SseEvent): EventKind;
  readonly usage: TokenUsage | undefined;
  readonly finishReason: string | undefined;
  /** Events with content so far. */
  readonly contentEvents: number;
  /** True once the provider said that the stream is whole. */
  readonly complete: boolean;
}

/** How one dialect is spoken to a provider. */
export interface Endpoint {
  /** Below the base address. */
  readonly path: string;
  encode(body: Uint8Array, model: string, stream: boolean): EncodedRequest;
  observe(stripUsage: boolean): StreamObserver;
}

/** One kind of provider. A folder of its own, and one line in `provider-adapters.ts`. */
export interface ProviderAdapter {
  readonly defaultBaseUrl: string | undefined;
  readonly requiresApiKey: boolean;
  /** Names and values in turn. */
  credentialHeaders(apiKey: string): readonly string[];
  /** A dialect that is not listed is refused as an unsupported feature. */
  readonly endpoints: Partial<Record<Dialect, Endpoint>>;
  /**
   * The provider's refusal in the words of our error table. Its message is the client's to read, so `redact` must be
   * applied to whatever the provider wrote.
   */
  readError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError;
}
