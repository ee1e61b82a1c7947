import type { SimulatedAnswer } from '../simulated-answer.ts';
import { pieces, type TypedData } from './simulated-wire.ts';

type Part =
  | { readonly type: 'output_text'; readonly text: string; readonly annotations: readonly never[]; readonly logprobs: readonly never[] }
  | { readonly type: 'refusal'; readonly refusal: string };

type Item =
  | {
      readonly id: string;
      readonly type: 'reasoning';
      readonly summary: readonly { readonly type: 'summary_text'; readonly text: string }[];
    }
  | {
      readonly id: string;
      readonly type: 'message';
      readonly status: string;
      readonly role: 'assistant';
      readonly content: readonly Part[];
    }
  | {
      readonly id: string;
      readonly type: 'function_call';
      readonly status: string;
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
    };

/** The output of a response. */
export function itemsOfAnswer(answer: SimulatedAnswer): Item[] {
  const items: Item[] = [];
  const status = answer.finish === 'length' || answer.finish === 'content_filter' ? 'incomplete' : 'completed';
  if (answer.reasoning !== '')
    items.push({ id: `rs_sim_${answer.id}`, type: 'reasoning', summary: [{ type: 'summary_text', text: answer.reasoning }] });
  if (answer.toolCalls.length === 0) {
    const part: Part =
      answer.refusal === ''
        ? { type: 'output_text', text: answer.text, annotations: [], logprobs: [] }
        : { type: 'refusal', refusal: answer.refusal };
    items.push({ id: `msg_sim_${answer.id}`, type: 'message', status, role: 'assistant', content: [part] });
  }
  for (const call of answer.toolCalls) {
    const { id, name } = call;
    items.push({ id: `fc_${id}`, type: 'function_call', status, call_id: `call_${id}`, name, arguments: call.arguments });
  }
  return items;
}

/** What a stream says of one item, from its beginning to its end; sequence numbers are the caller's. */
export function itemEvents(item: Item, output_index: number, size: number): TypedData[] {
  const done = { type: 'response.output_item.done', output_index, item };
  const added = (empty: object) => ({ type: 'response.output_item.added', output_index, item: { ...item, ...empty } });
  const at = { item_id: item.id, output_index };
  switch (item.type) {
    case 'reasoning':
      return [
        added({ summary: [] }),
        ...item.summary.flatMap(({ text }, index) => summaryEvents(text, { ...at, summary_index: index }, size)),
        done,
      ];
    case 'message':
      return [
        added({ status: 'in_progress', content: [] }),
        ...item.content.flatMap((part, index) => partEvents(part, { ...at, content_index: index }, size)),
        done,
      ];
    case 'function_call':
      return [
        added({ status: 'in_progress', arguments: '' }),
        ...pieces(item.arguments, size).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
        { type: 'response.function_call_arguments.done', ...at, name: item.name, arguments: item.arguments },
        done,
      ];
  }
}

function summaryEvents(text: string, at: object, size: number): TypedData[] {
  const name = 'response.reasoning_summary';
  return [
    { type: `${name}_part.added`, ...at, part: { type: 'summary_text', text: '' } },
    ...pieces(text, size).map((delta) => ({ type: `${name}_text.delta`, ...at, delta })),
    { type: `${name}_text.done`, ...at, text },
    { type: `${name}_part.done`, ...at, part: { type: 'summary_text', text } },
  ];
}

function partEvents(part: Part, at: object, size: number): TypedData[] {
  const [name, text] = part.type === 'refusal' ? ['refusal', part.refusal] : ['output_text', part.text];
  const empty = part.type === 'refusal' ? { ...part, refusal: '' } : { ...part, text: '' };
  const logprobs = part.type === 'refusal' ? {} : { logprobs: [] };
  return [
    { type: 'response.content_part.added', ...at, part: empty },
    ...pieces(text, size).map((delta) => ({ type: `response.${name}.delta`, ...at, delta, ...logprobs })),
    { type: `response.${name}.done`, ...at, ...(part.type === 'refusal' ? { refusal: text } : { text }), ...logprobs },
    { type: 'response.content_part.done', ...at, part },
  ];
}
