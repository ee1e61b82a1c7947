import type { ReservedTokens } from '../estimates/reserve-tokens.ts';
import type { Asker } from '../limits/scope-table.ts';

/** What admission is asked: whose request it is, and what it may use. */
export interface AdmissionRequest extends Asker, ReservedTokens {
  readonly requestId: string;
  /** Whether a tokenizer has counted the input. */
  readonly counted: boolean;
  readonly deadline: number;
  /** The how-manieth sending round of the request it is. */
  readonly attempt: number;
  /** Epoch ms at which ingress sent it round: a wait that is long after it would meet the next attempt. */
  readonly dispatchedAt: number;
  /** What the policy says of models without a price, and of a database that is away. */
  readonly unpriced: 'refuse' | 'admit';
  readonly withoutDatabase: 'refuse' | 'admit';
}

/** Room that a request under way asks for beyond what it holds. */
export interface ExtensionRequest extends Asker {
  readonly requestId: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Model whose price counts, where another stands in for the one asked for. */
  readonly pricedAs?: string | undefined;
  /** What the policy says of models without a price. */
  readonly unpriced: 'refuse' | 'admit';
  readonly deadline: number;
}

/** What a request really used. */
export interface ActualUse {
  readonly input: number;
  readonly output: number;
  readonly costNanoUsd?: number | undefined;
  /** Whether more calls of it may come to light; see the usage events. */
  readonly callsUnknown?: boolean;
}
