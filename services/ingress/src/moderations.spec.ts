import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { openEdge } from './edge-harness.ts';
import { moderationResult } from './moderation-result.ts';

const edge = await openEdge();
const client = new OpenAI({ apiKey: 'sk-sluice-test', baseURL: `${edge.url}/v1`, maxRetries: 0 });

describe('moderations', () => {
  it('are the verdict of the guardrail in OpenAI’s words', async () => {
    const answer = await client.moderations.create({ input: 'text' });
    expect(answer).toMatchObject({ id: expect.stringMatching(/^modr-req_/) as string, model: 'sluice-guardrail' });
    expect(answer.results).toMatchObject([
      {
        flagged: true,
        categories: { secrets: true, 'secrets/default': true, injection: false, hate: false, 'self-harm/intent': false },
        category_scores: { secrets: 0.5, 'secrets/default': 0.5, hate: 0 },
        category_applied_input_types: { secrets: ['text'], injection: [], hate: [] },
      },
    ]);
  });

  it('are one for each text of a list', async () => {
    expect((await client.moderations.create({ input: ['a', 'b', 'c'] })).results).toHaveLength(3);
  });

  it('are one for a list of content parts', async () => {
    const input = [
      { type: 'text' as const, text: 'a' },
      { type: 'text' as const, text: 'b' },
    ];
    expect((await client.moderations.create({ input })).results).toHaveLength(1);
  });

  it.each([
    ['nothing', '{}', 'input', 'invalid_request'],
    ['no texts', '{"input":[]}', 'input', 'invalid_request'],
    ['numbers', '{"input":[1]}', 'input', 'invalid_request'],
    ['too many texts', JSON.stringify({ input: Array.from({ length: 129 }, () => 'x') }), 'input', 'invalid_request'],
    ['an image', '{"input":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}', 'input.0', 'unsupported_feature'],
  ])('refuse %s', async (_name, body, param, code) => {
    const answer = await edge.post('/v1/moderations', body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { param, code } }]);
  });

  it('refuse a text that no message holds', async () => {
    const answer = await edge.post('/v1/moderations', JSON.stringify({ input: 'x'.repeat(2 * 1024 * 1024) }));
    expect(answer.status).toBe(413);
  });
});

describe('moderationResult', () => {
  const coverage = { detectors: ['injection', 'secrets'], skipped: [], inspectedBytes: 4 };
  const detection = { detector: 'injection', category: 'jailbreak', owasp: [], score: 0.75 };

  it('keeps the score of an attack that stayed below the threshold', () => {
    const result = moderationResult({ action: 'allow', score: 0.25, detections: [], coverage });
    expect(result).toMatchObject({ flagged: false, categories: { injection: false }, category_scores: { injection: 0.25 } });
  });

  it('takes the highest score of a category', () => {
    const detections = [detection, { ...detection, score: 0.5 }];
    const result = moderationResult({ action: 'block', score: 0.75, detections, coverage });
    expect(result).toMatchObject({ flagged: true, category_scores: { injection: 0.75, 'injection/jailbreak': 0.75 } });
  });

  it('has the same members in each table', () => {
    const result = moderationResult({ action: 'block', score: 0.75, detections: [detection], coverage });
    expect(Object.keys(result.categories)).toEqual(Object.keys(result.category_scores));
    expect(Object.keys(result.categories)).toEqual(Object.keys(result.category_applied_input_types));
  });
});
