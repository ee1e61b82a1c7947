import type { ProviderConfig, SluiceError } from '@sluice/contracts';
import type { EmbeddingCodec, JsonObject, ProviderCodec, WireFormat } from '@sluice/dialects';
import type { Dispatcher } from 'undici';

/** One interface of a provider: where it is called, and in which format. */
export interface Wire {
  /** A request in the client dialect of the same name passes as bytes; any other is translated by {@link codec}. */
  readonly format: WireFormat;
  /** Below the base address, beginning with a slash. `model` is the provider's own name, not yet encoded for a path. */
  path(model: string, stream: boolean): string;
  /** Translation of conversations; absent where the format is reached by its own dialect only. */
  readonly codec?: ProviderCodec;
  /** Translation of embeddings, for formats that are asked for vectors. */
  readonly embeddings?: EmbeddingCodec;
  /** How events of a stream are cut out of its bytes; server-sent events unless told. */
  readonly framing?: 'aws-event-stream';
  /** Names and values in turn, sent with every call. */
  readonly headers?: readonly string[];
  /** Last change to a translated body, where a vendor departs from the format. What passes as bytes stays as the client wrote it. */
  readonly adapt?: (body: JsonObject) => JsonObject;
  /** The same for a body that passes as bytes, where a host wants the format's own requests changed (Claude at Vertex). */
  readonly adaptBytes?: (body: Uint8Array) => Uint8Array;
}

/** A call that is about to be sent. */
export interface OutgoingCall {
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly body: Uint8Array;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * Names and values in turn that make a call the account's own. A promise where they must be fetched or computed; then a
 * rejection means that no credentials can be had, and the call is not made.
 */
export type Authorizer = (call: OutgoingCall) => readonly string[] | Promise<readonly string[]>;

/** What carries calls in place of HTTP, for providers that are reached through a library. */
export type Transport = Pick<Dispatcher, 'dispatch'> & { close(): Promise<void>; destroy(): Promise<void> };

/** One kind of provider: a folder of its own, and one line in `provider-adapters.ts`. */
export interface ProviderAdapter {
  /** OpenTelemetry's `gen_ai.provider.name`; absent: the name in the configuration. */
  readonly telemetryName?: string;
  /** Where it lives, `config.baseUrl` taken into account; undefined: the operator must set that. */
  baseUrl(config: ProviderConfig): string | undefined;
  /** Calls are not possible without `apiKey` or `apiKeys`. */
  readonly requiresApiKey: boolean;
  /**
   * @param apiKey one of the configured keys, `${NAME}` replaced; undefined where there is none
   * @param config its secrets (`aws`, `gcp`) are replaced too
   * @throws Error that says what the operator has to set
   */
  authorizer(apiKey: string | undefined, config: ProviderConfig): Authorizer;
  /** In the order in which they serve dialects that none of them speaks natively. */
  wires(config: ProviderConfig, model: string): readonly Wire[];
  /** True where `wires` is a guess: one that answers 404 or 405 is left out, and the next is tried. */
  readonly guesses?: (config: ProviderConfig) => boolean;
  /**
   * The provider's refusal in the words of our error table. Its message is the client's to read, so `redact` must be
   * applied to whatever the provider wrote.
   */
  readError(status: number, body: Uint8Array, redact: (text: string) => string): SluiceError;
  /** Absent: a pool of HTTP connections. */
  openTransport?(config: ProviderConfig, apiKey: string | undefined): Transport;
}
