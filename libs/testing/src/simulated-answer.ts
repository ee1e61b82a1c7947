import { createHash } from 'node:crypto';
import { minimalInstance } from './json-instance.ts';
import { membersOf, simulatedTokens, type SimulatedChatRequest, type SimulatedTool } from './simulated-request.ts';

export interface SimulatedToolCall {
  readonly id: string;
  readonly name: string;
  /** A JSON document. */
  readonly arguments: string;
}

/** An answer before it takes a wire form. */
export interface SimulatedAnswer {
  readonly id: string;
  readonly text: string;
  readonly toolCalls: readonly SimulatedToolCall[];
  readonly finishReason: 'stop' | 'length' | 'tool_calls';
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** The answer to a request: a function of the request alone. */
export function answerChat(request: SimulatedChatRequest, outputTokens?: number): SimulatedAnswer {
  const id = shortHash(`${request.model}\n${request.userText}\n${request.promptTokens}`);
  const common = { id: `chatcmpl-sim-${id}`, promptTokens: request.promptTokens };
  const toolCalls = chooseTools(request).map((tool, index) => ({
    id: `call_sim_${id}_${index}`,
    name: tool.name,
    arguments: toolArguments(tool, request.userText),
  }));
  if (toolCalls.length > 0) {
    const completionTokens = toolCalls.reduce((sum, call) => sum + simulatedTokens(call.name + call.arguments), 0);
    return { ...common, text: '', toolCalls, finishReason: 'tool_calls', completionTokens };
  }
  const full = answerText(request, outputTokens);
  const text = request.maxTokens === undefined ? full : cutToTokens(full, request.maxTokens);
  return { ...common, text, toolCalls, finishReason: text === full ? 'stop' : 'length', completionTokens: simulatedTokens(text) };
}

function answerText(request: SimulatedChatRequest, outputTokens: number | undefined): string {
  if (request.responseFormat === 'json_object') return JSON.stringify({ answer: request.userText });
  if (typeof request.responseFormat === 'object') return JSON.stringify(minimalInstance(request.responseFormat.schema, request.userText));
  const sentence = `The simulated model ${request.model} was asked: ${request.userText}`;
  if (outputTokens === undefined) return sentence;
  const missing = outputTokens - simulatedTokens(sentence);
  return cutToTokens(missing > 0 ? sentence + ' sim'.repeat(missing) : sentence, outputTokens);
}

/** The longest head of a text within a number of tokens that ends between characters. */
function cutToTokens(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  let end = tokens * 4;
  if (bytes.length <= end) return text;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

function chooseTools(request: SimulatedChatRequest): readonly SimulatedTool[] {
  const { tools, toolChoice, userText } = request;
  if (tools.length === 0 || toolChoice === 'none' || request.lastRole !== 'user') return [];
  if (toolChoice !== 'auto' && toolChoice !== 'required') return tools.filter((tool) => tool.name === toolChoice);
  const named = tools.filter((tool) => userText.includes(tool.name));
  return named.length === 0 && toolChoice === 'required' ? tools.slice(0, 1) : named;
}

/** A valid instance of the tool's parameters whose first string property echoes the user's text. */
function toolArguments(tool: SimulatedTool, text: string): string {
  const values = membersOf(minimalInstance(tool.parameters, text));
  const properties = Object.entries(membersOf(membersOf(tool.parameters).properties));
  const firstString = properties.find(([, rules]) => membersOf(rules).type === 'string' && !('enum' in membersOf(rules)))?.[0];
  if (firstString !== undefined && values[firstString] !== text && !Object.values(values).includes(text)) values[firstString] = text;
  return JSON.stringify(values);
}

/** 24 hexadecimal digits. */
function shortHash(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, 24);
}
