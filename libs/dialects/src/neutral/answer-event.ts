import type { TokenUsage } from '@sluice/contracts';
import type { JsonObject } from '../json-value.ts';
import type { Finish } from './model-answer.ts';
import type { Annotation } from './model-request.ts';
import type { Signature, WireFormat } from './wire-format.ts';

/**
 * A piece of a streamed answer in no provider's words. `part` counts the parts of the answer from 0, in the order in
 * which they began; its first event opens a part, and nothing closes it but the end, for some providers write several
 * tool calls at once.
 */
export type AnswerEvent =
  /** Once, before all others. */
  | { readonly type: 'start'; readonly id: string; readonly model: string; readonly createdSeconds?: number; readonly serviceTier?: string }
  | { readonly type: 'text'; readonly part: number; readonly text: string; readonly logprobs?: unknown }
  | { readonly type: 'annotation'; readonly part: number; readonly annotation: Annotation }
  | { readonly type: 'refusal'; readonly part: number; readonly text: string }
  | { readonly type: 'reasoning'; readonly part: number; readonly text: string; readonly id?: string }
  | { readonly type: 'signature'; readonly part: number; readonly signature: Signature; readonly sealed?: boolean; readonly id?: string }
  | {
      readonly type: 'tool-call';
      readonly part: number;
      readonly id: string;
      readonly name: string;
      readonly custom?: boolean;
      readonly signature?: Signature;
    }
  /** More of a call's input. Pieces joined are its {@link ToolCallPart.input}; none at all: `{}`. */
  | { readonly type: 'tool-input'; readonly part: number; readonly text: string }
  | { readonly type: 'native'; readonly part: number; readonly wire: WireFormat; readonly value: JsonObject }
  /** Totals so far: the last one counts, they are never summed. */
  | { readonly type: 'usage'; readonly usage: TokenUsage }
  | { readonly type: 'finish'; readonly finish: Finish }
  /** The provider's own error event; it ends the stream. `code` is the provider's word for it. */
  | { readonly type: 'error'; readonly code: string; readonly message: string };
