import { at, keyAt, listAt, numberAt, textAt } from '../json-path.ts';
import { CallPieces, inputOf, stopOf, type Call, type Said, type Stop, type Usage } from '../said.ts';

/** What an answer of Cohere's chat, version 2, says. */
export function cohereSaid(answer: unknown): Said {
  const message = at(answer, 'message');
  const content = listAt(message, 'content');
  const calls = listAt(message, 'tool_calls').map((call): Call => ({
    name: textAt(call, 'function', 'name'),
    input: inputOf(textAt(call, 'function', 'arguments')),
  }));
  return {
    text: content.map((part) => textAt(part, 'text')).join(''),
    refusal: '',
    reasoning: content.map((part) => textAt(part, 'thinking')).join(''),
    plan: textAt(message, 'tool_plan'),
    calls,
    stop: stopOf(stopReason(textAt(answer, 'finish_reason')), calls),
    usage: usageOf(at(answer, 'usage')),
  };
}

export function cohereStreamSaid(events: readonly unknown[]): Said {
  const pieces = new CallPieces();
  let text = '';
  let reasoning = '';
  let plan = '';
  let stop: Stop = 'none';
  let usage: Usage | undefined;
  for (const event of events) {
    const message = at(event, 'delta', 'message');
    text += textAt(message, 'content', 'text');
    reasoning += textAt(message, 'content', 'thinking');
    if (textAt(event, 'type') === 'tool-plan-delta') plan += textAt(message, 'tool_plan');
    if (textAt(event, 'type').startsWith('tool-call-')) {
      const call = at(message, 'tool_calls', 'function');
      pieces.add(keyAt(event, 'index'), textAt(call, 'name'), textAt(call, 'arguments'));
    }
    if (textAt(event, 'type') === 'message-end') {
      stop = stopReason(textAt(event, 'delta', 'finish_reason'));
      usage = usageOf(at(event, 'delta', 'usage'));
    }
  }
  const calls = pieces.calls();
  return { text, refusal: '', reasoning, plan, calls, stop: stopOf(stop, calls), usage };
}

function stopReason(word: string): Stop {
  switch (word) {
    case 'COMPLETE':
    case 'STOP_SEQUENCE':
      return 'stop';
    case 'MAX_TOKENS':
      return 'length';
    case 'TOOL_CALL':
      return 'tool-calls';
    case 'ERROR_TOXIC':
      return 'content-filter';
    default:
      return 'none';
  }
}

/** `tokens` is what the model read and wrote; `billed_units` leaves out what is not paid. */
function usageOf(usage: unknown): Usage | undefined {
  const tokens = at(usage, 'tokens') ?? at(usage, 'billed_units');
  if (tokens === undefined) return undefined;
  return {
    input: numberAt(tokens, 'input_tokens'),
    output: numberAt(tokens, 'output_tokens'),
    cached: numberAt(usage, 'cached_tokens'),
    reasoning: undefined,
  };
}
