import { at, keyAt, listAt, numberAt, textAt } from '../json-path.ts';
import { CallPieces, stopOf, type Call, type Said, type Stop, type Usage } from '../said.ts';

/** What a message of Anthropic's format says. */
export function messageSaid(answer: unknown): Said {
  const blocks = listAt(answer, 'content');
  const calls = blocks
    .filter((block) => textAt(block, 'type') === 'tool_use')
    .map((block): Call => ({ name: textAt(block, 'name'), input: at(block, 'input') ?? {} }));
  const error = at(answer, 'error');
  return {
    text: joined(blocks, 'text', 'text'),
    refusal: '',
    reasoning: joined(blocks, 'thinking', 'thinking'),
    calls,
    stop: stopOf(stopReason(textAt(answer, 'stop_reason')), calls),
    usage: usageOf([at(answer, 'usage')]),
    ...(error === undefined ? {} : { error: textAt(error, 'message') || 'an error without a message' }),
  };
}

/**
 * What a stream of Anthropic's events says: of two generations spliced into one stream the last, of several whole messages all.
 */
export function messageStreamSaid(events: readonly unknown[]): Said {
  const last = lastSplice(events);
  const spliced = last > 0;
  const own = events.slice(last);
  const pieces = new CallPieces();
  let text = '';
  let reasoning = '';
  let stop: Stop = 'none';
  let error: string | undefined;
  const usages: unknown[] = [];
  let message = 0;
  for (const event of own) {
    const key = `${message}/${keyAt(event, 'index')}`;
    switch (textAt(event, 'type')) {
      case 'message_start':
        message += 1;
        usages.push(at(event, 'message', 'usage'));
        for (const [position, block] of listAt(event, 'message', 'content').entries()) {
          // Programmatic calls stand in the start already.
          if (textAt(block, 'type') === 'tool_use')
            pieces.add(`${message}/start-${position}`, textAt(block, 'name'), JSON.stringify(at(block, 'input')));
          if (textAt(block, 'type') === 'text') text += textAt(block, 'text');
        }
        if (textAt(event, 'message', 'stop_reason') !== '') stop = stopReason(textAt(event, 'message', 'stop_reason'));
        break;
      case 'content_block_start': {
        const block = at(event, 'content_block');
        text += textAt(block, 'type') === 'text' ? textAt(block, 'text') : '';
        reasoning += textAt(block, 'type') === 'thinking' ? textAt(block, 'thinking') : '';
        if (textAt(block, 'type') === 'tool_use') {
          const input = at(block, 'input');
          const given = typeof input === 'object' && input !== null && Object.keys(input).length > 0;
          pieces.add(key, textAt(block, 'name'), given ? JSON.stringify(input) : '');
        }
        break;
      }
      case 'content_block_delta': {
        const delta = at(event, 'delta');
        if (textAt(delta, 'type') === 'text_delta') text += textAt(delta, 'text');
        if (textAt(delta, 'type') === 'thinking_delta') reasoning += textAt(delta, 'thinking');
        if (textAt(delta, 'type') === 'input_json_delta' && pieces.has(key)) pieces.add(key, '', textAt(delta, 'partial_json'));
        break;
      }
      case 'message_delta':
        usages.push(at(event, 'usage'));
        if (textAt(event, 'delta', 'stop_reason') !== '') stop = stopReason(textAt(event, 'delta', 'stop_reason'));
        break;
      case 'error':
        error = textAt(event, 'error', 'message') || 'an error without a message';
        break;
    }
  }
  const calls = pieces.calls();
  return {
    text,
    refusal: '',
    reasoning,
    calls,
    stop: stopOf(stop, calls),
    usage: usageOf(usages),
    ...(error === undefined ? {} : { error }),
    ...(spliced ? { spliced } : {}),
  };
}

/** Where the last generation begins that broke into an open one of another id; 0 where none did. */
function lastSplice(events: readonly unknown[]): number {
  let open = '';
  let splice = 0;
  for (const [index, event] of events.entries()) {
    const type = textAt(event, 'type');
    const id = textAt(event, 'message', 'id');
    if (type === 'message_start' && open !== '' && id !== open) splice = index;
    if (type === 'message_start') open = id;
    if (type === 'message_stop') open = '';
  }
  return splice;
}

function joined(blocks: readonly unknown[], type: string, member: string): string {
  return blocks
    .filter((block) => textAt(block, 'type') === type)
    .map((block) => textAt(block, member))
    .join('');
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
    case 'refusal':
      return 'refusal';
    case 'pause_turn':
      return 'pause';
    case 'model_context_window_exceeded':
      return 'context-window';
    default:
      return 'none';
  }
}

/** Each later report replaces the figures that it names: they are totals so far. */
function usageOf(reports: readonly unknown[]): Usage | undefined {
  const total = new Map<string, number>();
  let said = false;
  for (const report of reports) {
    if (typeof report !== 'object' || report === null) continue;
    said = true;
    for (const [name, value] of Object.entries(report)) if (typeof value === 'number') total.set(name, value);
  }
  if (!said) return undefined;
  const cached = total.get('cache_read_input_tokens') ?? 0;
  const thoughts = reports.map((report) => at(report, 'output_tokens_details', 'thinking_tokens')).findLast((value) => value !== undefined);
  const own = {
    input: (total.get('input_tokens') ?? 0) + cached + (total.get('cache_creation_input_tokens') ?? 0),
    output: total.get('output_tokens') ?? 0,
    cached,
    reasoning: typeof thoughts === 'number' ? thoughts : undefined,
  };
  const compacted = compactionOf(reports);
  return compacted === undefined
    ? own
    : { ...own, withSteps: { input: own.input + compacted.input, output: own.output + compacted.output } };
}

/** Tokens of compactions, which the provider counts beside the answer's own. */
function compactionOf(reports: readonly unknown[]): { input: number; output: number } | undefined {
  const steps = listAt(
    reports.findLast((report) => listAt(report, 'iterations').length > 0),
    'iterations',
  );
  const compactions = steps.filter((step) => textAt(step, 'type') === 'compaction');
  if (compactions.length === 0) return undefined;
  const sum = (name: string) => compactions.reduce<number>((total, step) => total + numberAt(step, name), 0);
  return { input: sum('input_tokens'), output: sum('output_tokens') };
}
