import type { TokenUsage } from '@sluice/contracts';
import type { JsonObject } from '../json-value.ts';
import type { Losses } from './losses.ts';

export interface EmbeddingRequest {
  readonly model: string;
  /** Texts, or texts as token numbers. */
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number;
  readonly encoding: 'float' | 'base64';
  readonly user?: string;
  /** What the vectors are for, where a client says so (`search_query`, `search_document`, …: Cohere's words). */
  readonly purpose?: string;
  readonly rest: JsonObject;
}

export interface EmbeddingAnswer {
  readonly model: string;
  /** In the order of the inputs. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage: TokenUsage;
}

/** How a provider is asked for vectors. */
export interface EmbeddingCodec {
  encodeRequest(request: EmbeddingRequest, model: string, losses: Losses): JsonObject;
  /** @throws SluiceError `provider_error` where it is no such answer */
  decodeAnswer(answer: unknown): EmbeddingAnswer;
}
