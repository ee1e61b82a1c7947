import type OpenAI from 'openai';
import type { Stream } from 'openai/core/streaming';

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;

/** A stream put together as a client would. */
export interface StreamRead {
  readonly text: string;
  /** Of the first tool call. */
  readonly toolName: string | undefined;
  readonly toolArguments: string;
  readonly chunks: readonly Chunk[];
  readonly usage: Chunk['usage'];
  readonly finishReason: string | undefined;
}

export async function readStream(stream: Stream<Chunk>): Promise<StreamRead> {
  const chunks: Chunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  const choices = chunks.flatMap((chunk) => chunk.choices);
  const calls = choices.flatMap((choice) => choice.delta.tool_calls ?? []);
  return {
    text: choices.map((choice) => choice.delta.content ?? '').join(''),
    toolName: calls.map((call) => call.function?.name).find((name) => name !== undefined),
    toolArguments: calls.map((call) => call.function?.arguments ?? '').join(''),
    chunks,
    usage: chunks.findLast((chunk) => chunk.usage !== null && chunk.usage !== undefined)?.usage,
    finishReason: choices.map((choice) => choice.finish_reason).findLast((reason) => reason !== null) ?? undefined,
  };
}

/** What the simulated provider answers to a text. */
export function echo(text: string): string {
  return `The simulated model sim was asked: ${text}`;
}

export function ask(text: string, model = 'sim'): { model: string; messages: { role: 'user'; content: string }[] } {
  return { model, messages: [{ role: 'user', content: text }] };
}
