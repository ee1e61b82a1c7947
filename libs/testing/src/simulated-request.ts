/** The parts of a chat request that the simulated provider answers to; everything else is ignored, as providers do. */
export interface SimulatedChatRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Text of the last user message, its text parts joined. */
  readonly userText: string;
  readonly lastRole: string;
  readonly promptTokens: number;
  readonly maxTokens: number | undefined;
  readonly tools: readonly SimulatedTool[];
  /** `none`, `auto`, `required`, or the name of the one tool. */
  readonly toolChoice: string;
  readonly responseFormat: 'text' | 'json_object' | { readonly schema: unknown };
}

export interface SimulatedTool {
  readonly name: string;
  readonly parameters: unknown;
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

/** Reads a request, or says what is wrong with it in the words of a 400. */
export function readChatRequest(body: unknown): SimulatedChatRequest | string {
  const { model, messages, stream, stream_options, tools, tool_choice, response_format, max_tokens, max_completion_tokens } =
    membersOf(body);
  if (typeof model !== 'string' || model === '') return "you must provide a 'model' parameter";
  if (!Array.isArray(messages) || messages.length === 0) return "'messages' must be an array with at least one message";
  let promptTokens = 0;
  let userText = '';
  let lastRole = '';
  for (const message of messages) {
    const { role, content } = membersOf(message);
    const text = contentText(content);
    promptTokens += simulatedTokens(text);
    lastRole = typeof role === 'string' ? role : '';
    if (lastRole === 'user') userText = text;
  }
  return {
    model,
    stream: stream === true,
    includeUsage: membersOf(stream_options).include_usage === true,
    userText,
    lastRole,
    promptTokens,
    maxTokens: asCount(max_completion_tokens) ?? asCount(max_tokens),
    tools: readTools(tools),
    toolChoice: readToolChoice(tool_choice),
    responseFormat: readResponseFormat(response_format),
  };
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => membersOf(part).text)
    .filter((text) => typeof text === 'string')
    .join('\n');
}

function asCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function readTools(tools: unknown): SimulatedTool[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool) => {
    const { name, parameters } = membersOf(membersOf(tool).function);
    return typeof name === 'string' ? [{ name, parameters }] : [];
  });
}

function readToolChoice(choice: unknown): string {
  if (typeof choice === 'string') return choice;
  const { name } = membersOf(membersOf(choice).function);
  return typeof name === 'string' ? name : 'auto';
}

function readResponseFormat(format: unknown): SimulatedChatRequest['responseFormat'] {
  const { type, json_schema } = membersOf(format);
  if (type === 'json_schema') return { schema: membersOf(json_schema).schema };
  return type === 'json_object' ? 'json_object' : 'text';
}
