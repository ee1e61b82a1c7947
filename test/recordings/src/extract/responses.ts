import { at, keyAt, listAt, numberAt, textAt } from '../json-path.ts';
import { CallPieces, inputOf, stopOf, type Call, type Said, type Stop, type Usage } from '../said.ts';

/** What a response object says. */
export function responseSaid(response: unknown): Said {
  const items = listAt(response, 'output');
  const calls = items.flatMap(callOf);
  const error = at(response, 'error');
  return {
    text: messageParts(items, 'output_text', 'text'),
    refusal: messageParts(items, 'refusal', 'refusal'),
    reasoning: items.map(reasoningOf).join(''),
    calls,
    stop: stopOf(stopReason(response), calls),
    usage: usageOf(at(response, 'usage')),
    ...(error === undefined || error === null ? {} : { error: textAt(error, 'message') || 'an error without a message' }),
  };
}

/** What a stream of response events says: by its pieces, as a reader sees them come. */
export function responseStreamSaid(events: readonly unknown[]): Said {
  const pieces = new CallPieces();
  const custom = new Map<string, { name: string; input: string }>();
  const pieced = { text: new Set<string>(), reasoning: new Set<string>() };
  let text = '';
  let refusal = '';
  let reasoning = '';
  let last: unknown;
  // Several whole responses may follow each other; each counts its items from 0.
  let response = 0;
  let error: string | undefined;
  for (const event of events) {
    if (textAt(event, 'type') === 'response.created') response += 1;
    const key = `${response}/${keyAt(event, 'output_index')}`;
    const delta = textAt(event, 'delta');
    switch (textAt(event, 'type')) {
      case 'response.output_text.delta':
        text += delta;
        pieced.text.add(key);
        break;
      case 'response.refusal.delta':
        refusal += delta;
        break;
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        reasoning += delta;
        pieced.reasoning.add(key);
        break;
      case 'response.output_item.done': {
        // Some servers send items without their pieces; and what is done replaces what came.
        const item = at(event, 'item');
        if (!pieced.text.has(key)) text += messageParts([item], 'output_text', 'text');
        if (!pieced.reasoning.has(key)) reasoning += reasoningOf(item);
        if (textAt(item, 'type') === 'function_call') pieces.add(key, textAt(item, 'name'), textAt(item, 'arguments'), true);
        if (textAt(item, 'type') === 'custom_tool_call') custom.set(key, { name: textAt(item, 'name'), input: textAt(item, 'input') });
        break;
      }
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        last = at(event, 'response');
        error ??= textAt(last, 'error', 'message') || undefined;
        break;
      case 'error':
        error ??= textAt(event, 'message') || textAt(event, 'error', 'message') || 'an error without a message';
        break;
    }
  }
  const calls: Call[] = [...pieces.calls(), ...custom.values()];
  return {
    text,
    refusal,
    reasoning,
    calls,
    stop: last === undefined ? 'none' : stopOf(stopReason(last), calls),
    usage: usageOf(at(last, 'usage')),
    ...(error === undefined ? {} : { error }),
  };
}

function callOf(item: unknown): Call[] {
  if (textAt(item, 'type') === 'function_call') return [{ name: textAt(item, 'name'), input: inputOf(textAt(item, 'arguments')) }];
  return textAt(item, 'type') === 'custom_tool_call' ? [{ name: textAt(item, 'name'), input: textAt(item, 'input') }] : [];
}

function messageParts(items: readonly unknown[], type: string, member: string): string {
  return items
    .filter((item) => textAt(item, 'type') === 'message')
    .flatMap((item) => listAt(item, 'content'))
    .filter((part) => textAt(part, 'type') === type)
    .map((part) => textAt(part, member))
    .join('');
}

function reasoningOf(item: unknown): string {
  if (textAt(item, 'type') !== 'reasoning') return '';
  return [...listAt(item, 'summary'), ...listAt(item, 'content')].map((part) => textAt(part, 'text')).join('');
}

function stopReason(response: unknown): Stop {
  const reason = textAt(response, 'incomplete_details', 'reason');
  if (reason === 'max_output_tokens') return 'length';
  if (reason === 'content_filter') return 'content-filter';
  return textAt(response, 'status') === 'completed' ? 'stop' : 'none';
}

function usageOf(usage: unknown): Usage | undefined {
  if (typeof usage !== 'object' || usage === null) return undefined;
  return {
    input: numberAt(usage, 'input_tokens'),
    output: numberAt(usage, 'output_tokens'),
    cached: numberAt(usage, 'input_tokens_details', 'cached_tokens'),
    reasoning: numberAt(usage, 'output_tokens_details', 'reasoning_tokens'),
  };
}
