import { at, keyAt, listAt, numberAt, textAt } from '../json-path.ts';
import { CallPieces, inputOf, stopOf, type Call, type Said, type Stop, type Usage } from '../said.ts';

/** What a chat completion says. */
export function chatSaid(answer: unknown): Said {
  const choice = at(answer, 'choices', 0);
  const message = at(choice, 'message');
  const calls = listAt(message, 'tool_calls').map((call): Call =>
    at(call, 'custom') === undefined
      ? { name: textAt(call, 'function', 'name'), input: inputOf(textAt(call, 'function', 'arguments')) }
      : { name: textAt(call, 'custom', 'name'), input: textAt(call, 'custom', 'input') },
  );
  return {
    text: contentOf(message, 'text'),
    refusal: textAt(message, 'refusal'),
    reasoning: reasoningOf(message),
    calls,
    stop: stopOf(stopReason(textAt(choice, 'finish_reason')), calls),
    usage: usageOf(at(answer, 'usage')),
    ...errorOf(answer),
  };
}

/** What a stream of chat completion chunks says. */
export function chatStreamSaid(events: readonly unknown[]): Said {
  const pieces = new CallPieces();
  const custom = new Map<string, Call & { input: string }>();
  let text = '';
  let refusal = '';
  let reasoning = '';
  let stop: Stop = 'none';
  let usage: Usage | undefined;
  let error: { error?: string } = {};
  for (const event of events) {
    const choice = at(event, 'choices', 0);
    const delta = at(choice, 'delta');
    text += contentOf(delta, 'text');
    refusal += textAt(delta, 'refusal');
    reasoning += reasoningOf(delta);
    for (const [position, call] of listAt(delta, 'tool_calls').entries()) {
      const key = keyAt(call, 'index') || String(position);
      if (at(call, 'custom') === undefined) pieces.add(key, textAt(call, 'function', 'name'), textAt(call, 'function', 'arguments'));
      else {
        const before = custom.get(key);
        const name = before?.name ?? textAt(call, 'custom', 'name');
        custom.set(key, { name, input: (before?.input ?? '') + textAt(call, 'custom', 'input') });
      }
    }
    const finish = textAt(choice, 'finish_reason');
    if (finish !== '') stop = stopReason(finish);
    usage = usageOf(at(event, 'usage')) ?? usageOf(at(choice, 'usage')) ?? usage;
    error = { ...error, ...errorOf(event) };
  }
  const calls = [...pieces.calls(), ...custom.values()];
  return { text, refusal, reasoning, calls, stop: stopOf(stop, calls), usage, ...error };
}

/** Content is a string or parts; Mistral's thoughts are parts of it too. */
function contentOf(message: unknown, kind: 'text' | 'thinking'): string {
  const content = at(message, 'content');
  if (typeof content === 'string') return kind === 'text' ? content : '';
  return listAt(content)
    .filter((part) => textAt(part, 'type') === kind)
    .map((part) =>
      kind === 'text'
        ? textAt(part, 'text')
        : listAt(part, 'thinking')
            .map((piece) => textAt(piece, 'text'))
            .join(''),
    )
    .join('');
}

/** DeepSeek's word, OpenRouter's and Groq's, or Mistral's way. A server that sends two of them says the same twice. */
function reasoningOf(message: unknown): string {
  return textAt(message, 'reasoning_content') || textAt(message, 'reasoning') || contentOf(message, 'thinking');
}

function stopReason(word: string): Stop {
  switch (word) {
    case 'stop':
      return 'stop';
    case 'length':
    case 'model_length':
      return 'length';
    case 'tool_calls':
    case 'function_call':
      return 'tool-calls';
    case 'content_filter':
      return 'content-filter';
    default:
      return 'none';
  }
}

function usageOf(usage: unknown): Usage | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  const input = numberAt(usage, 'prompt_tokens');
  const completion = numberAt(usage, 'completion_tokens');
  const reasoning = numberAt(usage, 'completion_tokens_details', 'reasoning_tokens');
  // xAI counts thoughts beside the completion and not within it; the total tells.
  const beside = reasoning > 0 && numberAt(usage, 'total_tokens') === input + completion + reasoning;
  return {
    input,
    output: beside ? completion + reasoning : completion,
    cached:
      numberAt(usage, 'prompt_tokens_details', 'cached_tokens') ||
      numberAt(usage, 'prompt_cache_hit_tokens') ||
      numberAt(usage, 'cached_tokens'),
    reasoning,
  };
}

function errorOf(answer: unknown): { error?: string } {
  const error = at(answer, 'error');
  if (error === undefined || error === null) return {};
  return { error: textAt(error, 'message') || 'an error without a message' };
}
