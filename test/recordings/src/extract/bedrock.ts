import { at, keyAt, listAt, numberAt, textAt } from '../json-path.ts';
import { CallPieces, stopOf, type Call, type Said, type Stop, type Usage } from '../said.ts';

/** What a Converse answer says. */
export function bedrockSaid(answer: unknown): Said {
  const blocks = listAt(answer, 'output', 'message', 'content');
  const calls = blocks
    .map((block) => at(block, 'toolUse'))
    .filter((use) => use !== undefined)
    .map((use): Call => ({ name: textAt(use, 'name'), input: at(use, 'input') ?? {} }));
  return {
    text: blocks.map((block) => textAt(block, 'text')).join(''),
    refusal: '',
    reasoning: blocks.map((block) => textAt(block, 'reasoningContent', 'reasoningText', 'text')).join(''),
    calls,
    stop: stopOf(stopReason(textAt(answer, 'stopReason')), calls),
    usage: usageOf(at(answer, 'usage')),
  };
}

/** What a ConverseStream says; each event is an object with one member that names it. */
export function bedrockStreamSaid(events: readonly unknown[]): Said {
  const pieces = new CallPieces();
  let text = '';
  let reasoning = '';
  let stop: Stop = 'none';
  let usage: Usage | undefined;
  for (const event of events) {
    const start = at(event, 'contentBlockStart');
    const use = at(start, 'start', 'toolUse');
    if (use !== undefined) pieces.add(keyAt(start, 'contentBlockIndex'), textAt(use, 'name'), '');
    const delta = at(event, 'contentBlockDelta', 'delta');
    text += textAt(delta, 'text');
    reasoning += textAt(delta, 'reasoningContent', 'text');
    if (at(delta, 'toolUse') !== undefined) {
      pieces.add(keyAt(event, 'contentBlockDelta', 'contentBlockIndex'), '', textAt(delta, 'toolUse', 'input'));
    }
    if (at(event, 'messageStop') !== undefined) stop = stopReason(textAt(event, 'messageStop', 'stopReason'));
    usage = usageOf(at(event, 'metadata', 'usage')) ?? usage;
  }
  const calls = pieces.calls();
  return { text, refusal: '', reasoning, calls, stop: stopOf(stop, calls), usage };
}

function stopReason(word: string): Stop {
  switch (word) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'max_tokens':
      return 'length';
    case 'tool_use':
      return 'tool-calls';
    case 'guardrail_intervened':
    case 'content_filtered':
      return 'content-filter';
    case 'model_context_window_exceeded':
      return 'context-window';
    default:
      return 'none';
  }
}

/** Tokens read from and written to a cache are counted beside the input. */
function usageOf(usage: unknown): Usage | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const cached = numberAt(usage, 'cacheReadInputTokens');
  return {
    input: numberAt(usage, 'inputTokens') + cached + numberAt(usage, 'cacheWriteInputTokens'),
    output: numberAt(usage, 'outputTokens'),
    cached,
    reasoning: undefined,
  };
}
