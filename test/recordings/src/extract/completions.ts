import { at, numberAt, textAt } from '../json-path.ts';
import type { Said, Stop, Usage } from '../said.ts';

/** What a legacy text completion says, plain or in the events of a stream. */
export function completionSaid(events: readonly unknown[]): Said {
  let stop: Stop = 'none';
  let usage: Usage | undefined;
  for (const event of events) {
    const word = textAt(event, 'choices', 0, 'finish_reason');
    if (word !== '') stop = word === 'length' ? 'length' : word === 'content_filter' ? 'content-filter' : 'stop';
    const report = at(event, 'usage');
    if (typeof report === 'object' && report !== null) {
      usage = {
        input: numberAt(report, 'prompt_tokens'),
        output: numberAt(report, 'completion_tokens'),
        cached: numberAt(report, 'prompt_tokens_details', 'cached_tokens'),
        reasoning: numberAt(report, 'completion_tokens_details', 'reasoning_tokens'),
      };
    }
  }
  const text = events.map((event) => textAt(event, 'choices', 0, 'text')).join('');
  return { text, refusal: '', reasoning: '', calls: [], stop, usage };
}
