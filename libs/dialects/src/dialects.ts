import type { Dialect, TokenUsage, UnmaskTable } from '@sluice/contracts';
import type { Restorer } from './restorer.ts';
import type { StreamReader, StreamReaderOptions } from './stream-reader.ts';
import type { ReplaceText, TextSegment } from './text-segment.ts';

/** Every text that a model will read: all roles and turns, tool results, tool-call arguments, tool and schema descriptions. */
export function collectTexts(dialect: Dialect, body: unknown): TextSegment[] {
  throw new Error(`under way ${dialect} ${typeof body}`);
}

/** Replaces texts copy-on-write; the same object comes back where nothing changed. */
export function replaceTexts(dialect: Dialect, body: unknown, replace: ReplaceText): unknown {
  throw new Error(`under way ${dialect} ${typeof body} ${typeof replace}`);
}

/** Every text of a plain answer. */
export function collectAnswerTexts(dialect: Dialect, answer: unknown): TextSegment[] {
  throw new Error(`under way ${dialect} ${typeof answer}`);
}

export function replaceAnswerTexts(dialect: Dialect, answer: unknown, replace: ReplaceText): unknown {
  throw new Error(`under way ${dialect} ${typeof answer} ${typeof replace}`);
}

/** Token counts of a plain answer or of one streamed chunk; undefined where it has none. */
export function readUsage(dialect: Dialect, answer: unknown): TokenUsage | undefined {
  throw new Error(`under way ${dialect} ${typeof answer}`);
}

export function readFinishReason(dialect: Dialect, answer: unknown): string | undefined {
  throw new Error(`under way ${dialect} ${typeof answer}`);
}

export function createStreamReader(dialect: Dialect, options: StreamReaderOptions = {}): StreamReader {
  throw new Error(`under way ${dialect} ${typeof options}`);
}

/** Events of a stream that amounts to a plain answer, `[DONE]` included: for cache replays. */
export function completionToStream(dialect: Dialect, completion: unknown, includeUsage: boolean): Uint8Array[] {
  throw new Error(`under way ${dialect} ${typeof completion} ${includeUsage}`);
}

/** Puts originals back into answers; with an empty table bytes pass as the same object. */
export function createRestorer(dialect: Dialect, table: UnmaskTable): Restorer {
  throw new Error(`under way ${dialect} ${typeof table}`);
}
