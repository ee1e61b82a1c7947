import type { TokenUsage } from '@sluice/contracts';
import type { SseEvent } from './sse-parser.ts';

/** Reads a streamed answer as it passes: what it used, how it ended, and the plain answer that it amounts to. */
export interface StreamReader {
  push(event: SseEvent): void;
  /** The last figures that the stream gave; providers that repeat them count up, so they are never summed. */
  readonly usage: TokenUsage | undefined;
  /** Of the choice that ended last. */
  readonly finishReason: string | undefined;
  /** True once the stream carried an error event. */
  readonly failed: boolean;
  /** The plain answer, or undefined where the stream broke off, failed or grew over the bound. */
  completion(): unknown;
}

export interface StreamReaderOptions {
  /** Bytes of event data kept for {@link StreamReader.completion}; default 1 MiB. Usage is read beyond it too. 0: keep none. */
  readonly maxCompletionBytes?: number;
}

export const defaultMaxCompletionBytes = 1_048_576;
