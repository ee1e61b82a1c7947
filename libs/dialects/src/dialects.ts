import type { Dialect, TokenUsage, UnmaskTable } from '@sluice/contracts';
import { adapter as anthropicCountTokens } from './anthropic-count-tokens/adapter.ts';
import { adapter as anthropicMessages } from './anthropic-messages/adapter.ts';
import type { DialectAdapter, RequestFacts } from './dialect-adapter.ts';
import { Matchers } from './field-restorer.ts';
import type { ClientCodec } from './neutral/codec.ts';
import { adapter as openaiChat } from './openai-chat/adapter.ts';
import { adapter as openaiCompletions } from './openai-completions/adapter.ts';
import { adapter as openaiEmbeddings } from './openai-embeddings/adapter.ts';
import { adapter as openaiResponses } from './openai-responses/adapter.ts';
import { readingAnswer } from './reading-answer.ts';
import type { Restorer } from './restorer.ts';
import { restorePlain } from './restore-plain.ts';
import type { StreamCloser } from './stream-closer.ts';
import type { StreamReader, StreamReaderOptions } from './stream-reader.ts';
import type { ReplaceText, TextSegment } from './text-segment.ts';

/** The one place that names every dialect: a new one is a folder with an `adapter.ts` and its line here. */
const adapters: Readonly<Record<Dialect, DialectAdapter>> = {
  'openai-chat': openaiChat,
  'openai-completions': openaiCompletions,
  'openai-responses': openaiResponses,
  'openai-embeddings': openaiEmbeddings,
  'anthropic-messages': anthropicMessages,
  'anthropic-count-tokens': anthropicCountTokens,
};

/**
 * Checks a request's body as its dialect's API documents it, and reads what the gateway must know of it.
 * @throws SluiceError `invalid_request` that names the field at fault and the fix
 */
export function parseRequest(dialect: Dialect, body: unknown): RequestFacts {
  return adapters[dialect].parseRequest(body);
}

/** Translation from and to a dialect; undefined where the dialect is no conversation. */
export function clientCodec(dialect: Dialect): ClientCodec | undefined {
  return adapters[dialect].codec;
}

/**
 * Every text that a model will read: all roles and turns, content parts, tool results, tool-call arguments, names and
 * descriptions of tools, schemas. Members that no dialect knows are walked too. Not visited: ids and enumerations of the
 * protocol, image, audio and file data, numbers.
 * @throws SluiceError `invalid_request` where the body nests too deep
 */
export function collectTexts(dialect: Dialect, body: unknown): TextSegment[] {
  return collect(adapters[dialect].replaceTexts, body);
}

/**
 * Replaces what {@link collectTexts} gives, copy-on-write: the same object comes back where nothing changed.
 * @throws SluiceError `invalid_request` where the body nests too deep
 */
export function replaceTexts(dialect: Dialect, body: unknown, replace: ReplaceText): unknown {
  return adapters[dialect].replaceTexts(body, replace);
}

/**
 * Every text of a plain answer, tool-call arguments and reasoning included.
 * @throws SluiceError `provider_error` where the answer nests too deep
 */
export function collectAnswerTexts(dialect: Dialect, answer: unknown): TextSegment[] {
  return readingAnswer(() => collect(adapters[dialect].replaceAnswerTexts, answer));
}

/**
 * Replaces what {@link collectAnswerTexts} gives, copy-on-write. A choice whose text changed loses its `logprobs`.
 * @throws SluiceError `provider_error` where the answer nests too deep
 */
export function replaceAnswerTexts(dialect: Dialect, answer: unknown, replace: ReplaceText): unknown {
  return readingAnswer(() => adapters[dialect].replaceAnswerTexts(answer, replace));
}

/** Token counts of a plain answer or of one streamed chunk; undefined where it has none. */
export function readUsage(dialect: Dialect, answer: unknown): TokenUsage | undefined {
  return adapters[dialect].readUsage(answer);
}

/** Why a plain answer or a chunk ended; undefined where it did not. */
export function readFinishReason(dialect: Dialect, answer: unknown): string | undefined {
  return adapters[dialect].readFinishReason(answer);
}

/** Reads one streamed answer; a new one for each stream. */
export function createStreamReader(dialect: Dialect, options: StreamReaderOptions = {}): StreamReader {
  return adapters[dialect].createStreamReader(options);
}

/**
 * Follows one stream that may have to be ended before its provider ends it; undefined where the dialect has no streams.
 * @param includeUsage the client asked its stream to tell what was used; dialects that always tell it do not look at it
 */
export function createStreamCloser(dialect: Dialect, includeUsage: boolean): StreamCloser | undefined {
  return adapters[dialect].createStreamCloser?.(includeUsage);
}

/** Events of a stream that amounts to a plain answer, its end included: for cache replays. */
export function completionToStream(dialect: Dialect, completion: unknown, includeUsage: boolean): Uint8Array[] {
  return adapters[dialect].completionToStream(completion, includeUsage);
}

const empty = new Uint8Array(0);

/** Puts originals back into answers; with an empty table bytes pass as the same object. */
export function createRestorer(dialect: Dialect, table: UnmaskTable): Restorer {
  if (Object.keys(table).length === 0) {
    return { plain: (bytes) => bytes, stream: () => ({ push: (bytes) => bytes, end: () => empty }) };
  }
  let matchers: Matchers | undefined;
  return {
    plain: (bytes) => restorePlain(bytes, (matchers ??= new Matchers(table))),
    stream: () => adapters[dialect].createStreamRestorer(table),
  };
}

function collect(walk: DialectAdapter['replaceTexts'], body: unknown): TextSegment[] {
  const segments: TextSegment[] = [];
  walk(body, (segment) => {
    segments.push(segment);
    return segment.text;
  });
  return segments;
}
