import type { TokenUsage, UnmaskTable } from '@sluice/contracts';
import type { StreamRestorer } from './restorer.ts';
import type { StreamReader, StreamReaderOptions } from './stream-reader.ts';
import type { ReplaceText } from './text-segment.ts';

/** Everything the gateway must know of one wire format. A dialect is one folder that exports one of these as `adapter`. */
export interface DialectAdapter {
  /** Copy-on-write over every text of a request that a model will read. */
  readonly replaceTexts: (body: unknown, replace: ReplaceText) => unknown;
  /** The same for a plain answer. */
  readonly replaceAnswerTexts: (answer: unknown, replace: ReplaceText) => unknown;
  readonly readUsage: (answer: unknown) => TokenUsage | undefined;
  readonly readFinishReason: (answer: unknown) => string | undefined;
  readonly createStreamReader: (options: StreamReaderOptions) => StreamReader;
  readonly completionToStream: (completion: unknown, includeUsage: boolean) => Uint8Array[];
  /** `table` is not empty. */
  readonly createStreamRestorer: (table: UnmaskTable) => StreamRestorer;
}
