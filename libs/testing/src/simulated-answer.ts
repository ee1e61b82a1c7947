import { createHash } from 'node:crypto';
import { minimalInstance } from './json-instance.ts';
import { membersOf, simulatedTokens, type SimulatedRequest, type SimulatedTool } from './simulated-request.ts';
import type { SimulationScript } from './simulation-script.ts';

export interface SimulatedToolCall {
  /** `sim_…`: formats put their own prefix before it. */
  readonly id: string;
  readonly name: string;
  /** A JSON document. */
  readonly arguments: string;
}

/** An answer before it takes a wire form. */
export interface SimulatedAnswer {
  /** Formats put their own prefix before it. */
  readonly id: string;
  /** What the model thought before it spoke; empty where it did not. */
  readonly reasoning: string;
  readonly text: string;
  /** Said in place of a text. */
  readonly refusal: string;
  readonly toolCalls: readonly SimulatedToolCall[];
  readonly finish: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'refusal';
  /** The stop sequence that ended the text. */
  readonly stopSequence: string | undefined;
  readonly promptTokens: number;
  /** Of the prompt. */
  readonly cachedTokens: number;
  /** Thoughts included. */
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

/** The parts of a script that say what is answered, not how it is delivered. */
type AnswerScript = Pick<SimulationScript, 'inputTokens' | 'outputTokens' | 'reasoningTokens' | 'cachedTokens' | 'tools' | 'finish'>;

const refusal = 'The simulated model will not help with that.';

/** The answer to a request: a function of the request and its script alone. */
export function answerRequest(request: SimulatedRequest, script: AnswerScript): SimulatedAnswer {
  const id = shortHash(`${request.model}\n${request.userText}\n${request.promptTokens}`);
  const reasoning = script.reasoningTokens === 0 ? '' : padToTokens(`Thinking about: ${request.userText}`, ' hm.', script.reasoningTokens);
  const common = {
    id,
    reasoning,
    text: '',
    refusal: '',
    toolCalls: [],
    stopSequence: undefined,
    promptTokens: script.inputTokens ?? request.promptTokens,
    cachedTokens: Math.min(script.cachedTokens, script.inputTokens ?? request.promptTokens),
    reasoningTokens: simulatedTokens(reasoning),
  };
  const spend = (text: string) => common.reasoningTokens + simulatedTokens(text);
  if (script.finish === 'refusal') return { ...common, refusal, finish: 'refusal', completionTokens: spend(refusal) };
  const toolCalls = chooseTools(request, script.tools).map((tool, index) => ({
    id: `sim_${id}_${index}`,
    name: tool.name,
    arguments: toolArguments(tool, request.userText),
  }));
  if (toolCalls.length > 0) {
    const completionTokens = toolCalls.reduce((sum, call) => sum + simulatedTokens(call.name + call.arguments), common.reasoningTokens);
    return { ...common, toolCalls, finish: 'tool_calls', completionTokens };
  }
  const { text, finish, stopSequence } = endText(answerText(request, script.outputTokens), request);
  return { ...common, text, finish: script.finish ?? finish, stopSequence, completionTokens: spend(text) };
}

function answerText(request: SimulatedRequest, outputTokens: number | undefined): string {
  if (request.responseFormat === 'json_object') return JSON.stringify({ answer: request.userText });
  if (typeof request.responseFormat === 'object') return JSON.stringify(minimalInstance(request.responseFormat.schema, request.userText));
  const sentence = `The simulated model ${request.model} was asked: ${request.userText}`;
  return outputTokens === undefined ? sentence : padToTokens(sentence, ' sim', outputTokens);
}

/** Where the text ends by what the request allows. */
function endText(full: string, request: SimulatedRequest): { text: string; finish: 'stop' | 'length'; stopSequence: string | undefined } {
  let stopSequence: string | undefined;
  let text = full;
  for (const sequence of request.stopSequences) {
    const at = text.indexOf(sequence);
    if (at < 0) continue;
    text = text.slice(0, at);
    stopSequence = sequence;
  }
  const cut = request.maxTokens === undefined ? text : cutToTokens(text, request.maxTokens);
  return cut === text ? { text, finish: 'stop', stopSequence } : { text: cut, finish: 'length', stopSequence: undefined };
}

function padToTokens(text: string, filler: string, tokens: number): string {
  const missing = tokens - simulatedTokens(text);
  return cutToTokens(missing > 0 ? text + filler.repeat(missing) : text, tokens);
}

/** The longest head of a text within a number of tokens that ends between characters. */
function cutToTokens(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  let end = tokens * 4;
  if (bytes.length <= end) return text;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

function chooseTools(request: SimulatedRequest, scripted: readonly string[] | undefined): readonly SimulatedTool[] {
  const { tools, toolChoice, userText } = request;
  if (tools.length === 0 || toolChoice === 'none' || request.lastRole !== 'user') return [];
  const chosen = (): readonly SimulatedTool[] => {
    if (scripted !== undefined) return scripted.includes('all') ? tools : tools.filter((tool) => scripted.includes(tool.name));
    if (toolChoice !== 'auto' && toolChoice !== 'required') return tools.filter((tool) => tool.name === toolChoice);
    const named = tools.filter((tool) => userText.includes(tool.name));
    return named.length === 0 && toolChoice === 'required' ? tools.slice(0, 1) : named;
  };
  return request.parallelToolCalls ? chosen() : chosen().slice(0, 1);
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
