import {
  asCount,
  asText,
  contentText,
  itemsOf,
  membersOf,
  missingModel,
  readConversation,
  readStop,
  type ReadMessage,
  type ResponseFormat,
  type SimulatedRequest,
} from '../simulated-request.ts';

/** Reads the body of `/v1/messages`. */
export function readMessagesRequest(body: unknown): SimulatedRequest | string {
  const maxTokens = asCount(membersOf(body).max_tokens);
  // Anthropic is strict here, and a translation that forgets it must fail.
  return maxTokens === undefined || maxTokens === 0 ? 'max_tokens: Field required' : readCountable(body, maxTokens);
}

/** Reads the body of `/v1/messages/count_tokens`, which limits no output. */
export function readCountRequest(body: unknown): SimulatedRequest | string {
  return readCountable(body, undefined);
}

function readCountable(body: unknown, maxTokens: number | undefined): SimulatedRequest | string {
  const members = membersOf(body);
  const { model, messages } = members;
  if (typeof model !== 'string' || model === '') return missingModel;
  if (!Array.isArray(messages) || messages.length === 0) return 'messages: at least one message is required';
  const read = itemsOf(messages).map(readMessage);
  if (read.some(({ role }) => !['user', 'assistant', 'tool'].includes(role))) return 'messages: Unexpected role; use user or assistant';
  const system = contentText(members.system);
  const choice = membersOf(members.tool_choice);
  return {
    model,
    stream: members.stream === true,
    includeUsage: false,
    ...readConversation(system === '' ? read : [{ role: 'system', text: system }, ...read]),
    maxTokens,
    tools: itemsOf(members.tools).flatMap((tool) => {
      const { name, input_schema } = membersOf(tool);
      return typeof name === 'string' ? [{ name, parameters: input_schema }] : [];
    }),
    toolChoice: readToolChoice(choice),
    parallelToolCalls: choice.disable_parallel_tool_use !== true,
    responseFormat: readResponseFormat(membersOf(members.output_config).format ?? members.output_format),
    stopSequences: readStop(members.stop_sequences),
    logprobs: false,
  };
}

/** Results of tools come in messages of the user. */
function readMessage(message: unknown): ReadMessage {
  const { role, content } = membersOf(message);
  const results = itemsOf(content).filter((part) => membersOf(part).type === 'tool_result');
  if (results.length === 0) return { role: asText(role), text: contentText(content) };
  return { role: 'tool', text: results.map((part) => contentText(membersOf(part).content)).join('\n') };
}

function readToolChoice({ type, name }: Record<string, unknown>): string {
  if (type === 'any') return 'required';
  if (type === 'tool' && typeof name === 'string') return name;
  return type === 'none' ? 'none' : 'auto';
}

function readResponseFormat(format: unknown): ResponseFormat {
  const { type, schema } = membersOf(format);
  return type === 'json_schema' ? { schema } : 'text';
}
