/** The parts of a request, of any format, that the simulated provider answers to; everything else is ignored, as providers do. */
export interface SimulatedRequest {
  readonly model: string;
  readonly stream: boolean;
  /** Chat and completions: the usage comes as a chunk of its own. */
  readonly includeUsage: boolean;
  /** Text of the last user message, its text parts joined. */
  readonly userText: string;
  /** `tool` where the last message brings results of tools, whatever role its format gives it. */
  readonly lastRole: string;
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  readonly tools: readonly SimulatedTool[];
  /** `none`, `auto`, `required`, or the name of the one tool. */
  readonly toolChoice: string;
  /** False: at most one call. */
  readonly parallelToolCalls: boolean;
  readonly responseFormat: ResponseFormat;
  readonly stopSequences: readonly string[];
  /** Chat: the client wants log probabilities. */
  readonly logprobs: boolean;
}

export type ResponseFormat = 'text' | 'json_object' | { readonly schema: unknown };

export interface SimulatedTool {
  readonly name: string;
  readonly parameters: unknown;
}

/** What a format's messages amount to. */
export interface Conversation {
  readonly userText: string;
  readonly lastRole: string;
  readonly promptTokens: number;
}

/** One message as its format's reader understands it. */
export interface ReadMessage {
  readonly role: string;
  readonly text: string;
}

/** Tokens of a text: a fixed rule, about what tokenizers give for English. */
export function simulatedTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

/** Any object's members, for reading bodies whose shape is not known. */
export function membersOf(value: unknown): Record<string, unknown> {
  // Safe: every non-null, non-array object may be read by string keys, and the values stay unknown.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function readConversation(messages: readonly ReadMessage[]): Conversation {
  let promptTokens = 0;
  let userText = '';
  for (const { role, text } of messages) {
    promptTokens += simulatedTokens(text);
    if (role === 'user') userText = text;
  }
  return { userText, lastRole: messages.at(-1)?.role ?? '', promptTokens };
}

/** A text, or the text parts of a list of parts. */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return itemsOf(content)
    .map((part) => (typeof part === 'string' ? part : membersOf(part).text))
    .filter((text) => typeof text === 'string')
    .join('\n');
}

export function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function readStop(stop: unknown): string[] {
  return (typeof stop === 'string' ? [stop] : itemsOf(stop)).filter((item) => typeof item === 'string').filter((item) => item !== '');
}

export const missingModel = "you must provide a 'model' parameter";
