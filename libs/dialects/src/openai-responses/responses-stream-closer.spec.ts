import { describe, expect, it } from 'vitest';
import { isObject } from '../json-value.ts';
import { SseParser } from '../sse-parser.ts';
import { ResponsesStreamCloser } from './responses-stream-closer.ts';

const response = { id: 'resp_1', object: 'response', status: 'in_progress', model: 'm', output: [], usage: null, temperature: 0.5 };
const usage = { input: 3, output: 4, estimated: true };

function event(type: string, fields: object) {
  return { raw: new Uint8Array(0), data: JSON.stringify({ type, ...fields }) };
}

/** What a closer that followed these events makes the end of them. */
function closed(events: readonly (readonly [string, object])[]): Record<string, unknown>[] {
  const closer = new ResponsesStreamCloser();
  for (const [index, [type, fields]] of events.entries()) {
    closer.read(event(type, { sequence_number: index, ...fields }));
    closer.pass();
  }
  const parser = new SseParser();
  return parser.push(closer.close(usage)).flatMap(({ data }) => {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? [value] : [];
  });
}

const item = { id: 'msg_1', type: 'message', status: 'in_progress', role: 'assistant', content: [] };
const about = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
const begun = [
  ['response.created', { response }],
  ['response.output_item.added', { output_index: 0, item }],
  ['response.content_part.added', { ...about, part }],
  ['response.output_text.delta', { ...about, delta: 'Hel' }],
] as const;

describe('ResponsesStreamCloser', () => {
  it('says the end of a text, its part, its item and the response, numbered on', () => {
    const events = closed(begun);
    expect(events.map(({ type }) => type)).toEqual([
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    expect(events.map(({ sequence_number: number }) => number)).toEqual([4, 5, 6, 7]);
    expect(events[0]).toMatchObject({ ...about, text: 'Hel' });
    expect(events[3]?.response).toMatchObject({
      id: 'resp_1',
      temperature: 0.5,
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ id: 'msg_1', status: 'incomplete', content: [{ type: 'output_text', text: 'Hel' }] }],
      usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
    });
  });

  it('does not say again what the provider has said', () => {
    const done = [['response.output_text.done', { ...about, text: 'Hello' }]] as const;
    expect(closed([...begun, ...done]).map(({ type }) => type)).toEqual([
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    const whole = { ...item, status: 'completed', content: [{ ...part, text: 'Hello' }] };
    const events = closed([...begun, ...done, ['response.output_item.done', { output_index: 0, item: whole }]]);
    expect(events.map(({ type }) => type)).toEqual(['response.incomplete']);
    expect(events[0]?.response).toMatchObject({ output: [whole] });
  });

  it.each([
    ['function_call', 'response.function_call_arguments', 'arguments'],
    ['custom_tool_call', 'response.custom_tool_call_input', 'input'],
    ['mcp_call', 'response.mcp_call_arguments', 'arguments'],
    ['code_interpreter_call', 'response.code_interpreter_call_code', 'code'],
  ])('leaves what a %s was given where it was cut', (type, name, key) => {
    const call = { id: 'c_1', type, status: 'in_progress', call_id: 'call_1', name: 'look', [key]: '' };
    const events = closed([
      ['response.created', { response }],
      ['response.output_item.added', { output_index: 0, item: call }],
      [`${name}.delta`, { item_id: 'c_1', output_index: 0, delta: '{"path":"/ho' }],
    ]);
    expect(events[0]).toMatchObject({ type: `${name}.done`, item_id: 'c_1', [key]: '{"path":"/ho' });
    expect(events[1]?.item).toMatchObject({ status: 'incomplete', [key]: '{"path":"/ho' });
  });

  it('ends a thought and its summary', () => {
    const place = { item_id: 'rs_1', output_index: 0, summary_index: 1 };
    const events = closed([
      ['response.created', { response }],
      ['response.output_item.added', { output_index: 0, item: { id: 'rs_1', type: 'reasoning', summary: [] } }],
      ['response.reasoning_summary_part.added', { ...place, summary_index: 0, part: { type: 'summary_text', text: '' } }],
      ['response.reasoning_summary_text.done', { ...place, summary_index: 0, text: 'First.' }],
      ['response.reasoning_summary_part.done', { ...place, summary_index: 0, part: { type: 'summary_text', text: 'First.' } }],
      ['response.reasoning_summary_part.added', { ...place, part: { type: 'summary_text', text: '' } }],
      ['response.reasoning_summary_text.delta', { ...place, delta: 'Sec' }],
    ]);
    expect(events.map(({ type }) => type)).toEqual([
      'response.reasoning_summary_text.done',
      'response.reasoning_summary_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    expect(events[2]?.item).toEqual({
      id: 'rs_1',
      type: 'reasoning',
      summary: [
        { type: 'summary_text', text: 'First.' },
        { type: 'summary_text', text: 'Sec' },
      ],
    });
  });
});
