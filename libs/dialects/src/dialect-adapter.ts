import type { TokenUsage, UnmaskTable } from '@sluice/contracts';
import type { ClientCodec } from './neutral/codec.ts';
import type { StreamRestorer } from './restorer.ts';
import type { StreamCloser } from './stream-closer.ts';
import type { StreamReader, StreamReaderOptions } from './stream-reader.ts';
import type { ReplaceText } from './text-segment.ts';

/** What ingress needs to know of a request; the body itself travels on as it came. */
export interface RequestFacts {
  readonly model: string;
  readonly stream: boolean;
  /** Most output tokens over all choices; absent where the request sets no bound. */
  readonly maxOutputTokens?: number;
}

/** Everything the gateway must know of one wire format. A dialect is one folder that exports one of these as `adapter`. */
export interface DialectAdapter {
  /**
   * Checks what the API documents, and no more, so that members of other servers pass.
   * @throws SluiceError `invalid_request` that names the field at fault and the fix
   */
  readonly parseRequest: (body: unknown) => RequestFacts;
  /** Copy-on-write over every text of a request that a model will read. */
  readonly replaceTexts: (body: unknown, replace: ReplaceText) => unknown;
  /** The same for a plain answer. */
  readonly replaceAnswerTexts: (answer: unknown, replace: ReplaceText) => unknown;
  readonly readUsage: (answer: unknown) => TokenUsage | undefined;
  /** In the words of OpenAI chat (`stop`, `length`, `tool_calls`, `content_filter`, `refusal`), whatever the dialect's own are. */
  readonly readFinishReason: (answer: unknown) => string | undefined;
  readonly createStreamReader: (options: StreamReaderOptions) => StreamReader;
  readonly completionToStream: (completion: unknown, includeUsage: boolean) => Uint8Array[];
  /** `table` is not empty. */
  readonly createStreamRestorer: (table: UnmaskTable) => StreamRestorer;
  /** Absent where the dialect has no streams. */
  readonly createStreamCloser?: (includeUsage: boolean) => StreamCloser;
  /** Translation; absent where the dialect is no conversation. */
  readonly codec?: ClientCodec;
}
