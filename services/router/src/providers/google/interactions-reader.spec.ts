import type { JsonObject } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { foldAnswerEvents } from './fold-answer-events.ts';
import { geminiCodec } from './gemini-codec.ts';

const codec = geminiCodec({ host: 'gemini-api' });

const usage = {
  total_tokens: 100,
  total_input_tokens: 20,
  total_cached_tokens: 4,
  total_output_tokens: 30,
  total_tool_use_tokens: 10,
  total_thought_tokens: 40,
};
const head = { id: 'v1_x', object: 'interaction', model: 'gemini-2.5-flash', created: '2026-05-15T18:52:00Z' };
const citation = { type: 'url_citation', url: 'https://example.org', title: 'Example', start_index: 0, end_index: 6 };

const whole = {
  ...head,
  status: 'requires_action',
  usage,
  steps: [
    { type: 'thought', signature: 'sig', summary: [{ type: 'text', text: 'Look it up.' }] },
    { type: 'model_output', content: [{ type: 'text', text: 'Ærlig, so it is.', annotations: [citation] }] },
    { type: 'google_search_call', id: 's1', arguments: { queries: ['q'] } },
    { type: 'function_call', id: 'f1', name: 'weather', arguments: { town: 'Bergen' } },
    { type: 'function_call', id: 'f2', name: 'list', arguments: {} },
  ],
};

const stream: JsonObject[] = [
  { event_type: 'interaction.created', interaction: { ...head, status: 'in_progress' } },
  { event_type: 'interaction.status_update', interaction_id: 'v1_x', status: 'in_progress' },
  { event_type: 'step.start', index: 0, step: { type: 'thought' } },
  { event_type: 'step.delta', index: 0, delta: { type: 'thought_summary', content: { type: 'text', text: 'Look it up.' } } },
  { event_type: 'step.delta', index: 0, delta: { type: 'thought_signature', signature: 'sig' } },
  { event_type: 'step.stop', index: 0 },
  { event_type: 'step.start', index: 1, step: { type: 'model_output' } },
  { event_type: 'step.delta', index: 1, delta: { type: 'text', text: 'Ærlig, ' } },
  { event_type: 'step.delta', index: 1, delta: { type: 'text', text: 'so it is.' } },
  { event_type: 'step.delta', index: 1, delta: { type: 'text_annotation', annotations: [citation] } },
  { event_type: 'step.stop', index: 1 },
  { event_type: 'step.start', index: 2, step: { type: 'google_search_call', id: 's1' } },
  { event_type: 'step.delta', index: 2, delta: { type: 'google_search_call', arguments: { queries: ['q'] } } },
  { event_type: 'step.stop', index: 2 },
  { event_type: 'step.start', index: 3, step: { type: 'function_call', id: 'f1', name: 'weather', signature: '', arguments: {} } },
  { event_type: 'step.delta', index: 3, delta: { type: 'arguments_delta', arguments: '{"town":' } },
  { event_type: 'step.delta', index: 3, delta: { type: 'arguments_delta', arguments: '"Bergen"}' } },
  { event_type: 'step.stop', index: 3 },
  { event_type: 'step.start', index: 4, step: { type: 'function_call', id: 'f2', name: 'list', arguments: {} } },
  { event_type: 'step.stop', index: 4 },
  { event_type: 'interaction.completed', interaction: { ...head, status: 'requires_action', usage } },
];

function play(events: readonly JsonObject[]) {
  const decoder = codec.createStreamDecoder();
  const read = events.flatMap((event) => decoder.push({ raw: new Uint8Array(0), data: JSON.stringify(event) }));
  return { events: [...read, ...decoder.end()], complete: decoder.complete, usage: decoder.usage };
}

describe('an answer of the Interactions API', () => {
  it('is thoughts, text, calls and what Google did', () => {
    const signature = { wire: 'gemini', value: 'sig' };
    const answer = codec.decodeAnswer(whole);
    expect(answer).toMatchObject({ id: 'v1_x', model: 'gemini-2.5-flash', finish: { reason: 'tool-calls', native: 'requires_action' } });
    expect(answer.parts).toEqual([
      { type: 'reasoning', text: 'Look it up.', signature },
      { type: 'text', text: 'Ærlig, so it is.', annotations: [{ url: 'https://example.org', title: 'Example', start: 0, end: 5 }] },
      { type: 'native', wire: 'gemini', value: { type: 'google_search_call', id: 's1', arguments: { queries: ['q'] } } },
      { type: 'tool-call', id: 'f1', name: 'weather', input: '{"town":"Bergen"}' },
      { type: 'tool-call', id: 'f2', name: 'list', input: '{}' },
    ]);
  });

  it('counts thoughts as output and what tools found as input', () => {
    expect(codec.decodeAnswer(whole).usage).toEqual({ input: 30, output: 70, cached: 4, reasoning: 40 });
  });

  it('is the same in a stream', () => {
    const { events, complete, usage: counted } = play(stream);
    expect(complete).toBe(true);
    expect(counted).toEqual({ input: 30, output: 70, cached: 4, reasoning: 40 });
    expect(foldAnswerEvents(events)).toEqual(codec.decodeAnswer(whole));
  });

  it('is not whole before it is completed', () => {
    const { events, complete } = play(stream.slice(0, -1));
    expect(complete).toBe(false);
    expect(events.some((event) => event.type === 'finish')).toBe(false);
  });

  it.each([
    ['completed', 'tool-calls'],
    ['incomplete', 'length'],
  ])('that is %s ends as %s', (status, reason) => {
    expect(codec.decodeAnswer({ ...whole, status }).finish).toEqual({ reason, native: status });
  });

  it('that failed is an error', () => {
    expect(() => codec.decodeAnswer({ ...whole, status: 'failed' })).toThrow(expect.objectContaining({ code: 'provider_error' }));
    expect(
      play([...stream.slice(0, 3), { event_type: 'error', error: { code: 'internal', message: 'broken' } }]).events.at(-1),
    ).toMatchObject({
      type: 'error',
      message: 'broken',
    });
  });
});
