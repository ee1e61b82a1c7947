import {
  asCount,
  asText,
  contentText,
  itemsOf,
  membersOf,
  missingModel,
  readConversation,
  readStop,
  type ResponseFormat,
  type SimulatedRequest,
  type SimulatedTool,
} from '../simulated-request.ts';

/** Reads the body of `/v1/chat/completions`. */
export function readChatRequest(body: unknown): SimulatedRequest | string {
  const members = membersOf(body);
  const { model, messages, tool_choice, response_format } = members;
  if (typeof model !== 'string' || model === '') return missingModel;
  if (!Array.isArray(messages) || messages.length === 0) return "'messages' must be an array with at least one message";
  return {
    model,
    stream: members.stream === true,
    includeUsage: membersOf(members.stream_options).include_usage === true,
    ...readConversation(itemsOf(messages).map(readMessage)),
    maxTokens: asCount(members.max_completion_tokens) ?? asCount(members.max_tokens),
    tools: readTools(members.tools),
    toolChoice: readToolChoice(tool_choice),
    parallelToolCalls: members.parallel_tool_calls !== false,
    responseFormat: readResponseFormat(response_format),
    stopSequences: readStop(members.stop),
    logprobs: members.logprobs === true,
  };
}

function readMessage(message: unknown) {
  const { role, content } = membersOf(message);
  return { role: asText(role), text: contentText(content) };
}

function readTools(tools: unknown): SimulatedTool[] {
  return itemsOf(tools).flatMap((tool) => {
    const { name, parameters } = membersOf(membersOf(tool).function);
    return typeof name === 'string' ? [{ name, parameters }] : [];
  });
}

function readToolChoice(choice: unknown): string {
  if (typeof choice === 'string') return choice;
  const { name } = membersOf(membersOf(choice).function);
  return typeof name === 'string' ? name : 'auto';
}

function readResponseFormat(format: unknown): ResponseFormat {
  const { type, json_schema } = membersOf(format);
  if (type === 'json_schema') return { schema: membersOf(json_schema).schema };
  return type === 'json_object' ? 'json_object' : 'text';
}
