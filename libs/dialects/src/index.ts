export * from './dialects.ts';
export * from './error-body.ts';
export * from './openai-chat/parse-chat-request.ts';
export type * from './restorer.ts';
export * from './rewrite-body.ts';
export * from './sse-parser.ts';
export type { StreamReader, StreamReaderOptions } from './stream-reader.ts';
export type * from './text-segment.ts';
