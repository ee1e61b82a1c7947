import {
  asCount,
  asText,
  contentText,
  itemsOf,
  membersOf,
  missingModel,
  readConversation,
  type ReadMessage,
  type ResponseFormat,
  type SimulatedRequest,
} from '../simulated-request.ts';

/** Reads the body of `/v1/responses`. */
export function readResponsesRequest(body: unknown): SimulatedRequest | string {
  const members = membersOf(body);
  const { model, input } = members;
  if (typeof model !== 'string' || model === '') return missingModel;
  if (typeof input !== 'string' && !(Array.isArray(input) && input.length > 0)) return "'input' must be a text or a list of items";
  const items = typeof input === 'string' ? [{ role: 'user', text: input }] : itemsOf(input).flatMap(readItem);
  const instructions = asText(members.instructions);
  return {
    model,
    stream: members.stream === true,
    includeUsage: false,
    ...readConversation(instructions === '' ? items : [{ role: 'system', text: instructions }, ...items]),
    maxTokens: asCount(members.max_output_tokens),
    tools: itemsOf(members.tools).flatMap((tool) => {
      const { type, name, parameters } = membersOf(tool);
      return type === 'function' && typeof name === 'string' ? [{ name, parameters }] : [];
    }),
    toolChoice: readToolChoice(members.tool_choice),
    parallelToolCalls: members.parallel_tool_calls !== false,
    responseFormat: readResponseFormat(membersOf(members.text).format),
    stopSequences: [],
    logprobs: false,
  };
}

/** Messages may leave out their type. */
function readItem(item: unknown): ReadMessage[] {
  const { type, role, content, output } = membersOf(item);
  if (type === 'function_call_output' || type === 'custom_tool_call_output') return [{ role: 'tool', text: contentText(output) }];
  return type === undefined || type === 'message' ? [{ role: asText(role), text: contentText(content) }] : [];
}

function readToolChoice(choice: unknown): string {
  if (typeof choice === 'string') return choice;
  const { name } = membersOf(choice);
  return typeof name === 'string' ? name : 'auto';
}

function readResponseFormat(format: unknown): ResponseFormat {
  const { type, schema } = membersOf(format);
  if (type === 'json_schema') return { schema };
  return type === 'json_object' ? 'json_object' : 'text';
}
