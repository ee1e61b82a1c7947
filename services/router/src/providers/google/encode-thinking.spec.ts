import { Losses, type ModelRequest, type ReasoningOptions } from '@sluice/dialects';
import { describe, expect, it } from 'vitest';
import { encodeThinking } from './encode-thinking.ts';
import { describeGeminiModel } from './gemini-model.ts';

const blank: ModelRequest = { source: 'openai-chat', model: 'm', stream: false, turns: [], tools: [], sampling: {}, rest: {} };

function think(model: string, reasoning: ReasoningOptions, maxOutputTokens?: number): { config: unknown; dropped: readonly string[] } {
  const losses = new Losses('refuse', 'provider "g"');
  const request = { ...blank, reasoning, sampling: maxOutputTokens === undefined ? {} : { maxOutputTokens } };
  return { config: encodeThinking(request, describeGeminiModel(model), losses), dropped: losses.dropped };
}

describe('thinking', () => {
  it.each([
    ['gemini-3-flash-preview', 'minimal', 'MINIMAL'],
    ['gemini-3-flash-preview', 'medium', 'MEDIUM'],
    ['gemini-3-pro-preview', 'minimal', 'LOW'],
    ['gemini-3-pro-preview', 'medium', 'HIGH'],
    ['gemini-3.1-pro-preview', 'medium', 'MEDIUM'],
    ['models/gemini-3.5-flash', 'xhigh', 'HIGH'],
    ['publishers/google/models/gemini-4-ultra', 'low', 'LOW'],
    ['gemini-flash-latest', 'high', 'HIGH'],
  ])('of %s at effort %s is level %s', (model, effort, thinkingLevel) => {
    expect(think(model, { effort }).config).toEqual({ thinkingLevel });
  });

  it.each([
    ['gemini-2.5-flash', 'low', 10_000, 2_000],
    ['gemini-2.5-flash', 'high', 100_000, 24_576],
    ['gemini-2.5-pro', 'high', 100_000, 32_768],
    ['tuned-model-x', 'medium', 10_000, 5_000],
  ])('of %s at effort %s is a share of the output', (model, effort, limit, thinkingBudget) => {
    expect(think(model, { effort }, limit).config).toEqual({ thinkingBudget });
  });

  it('is a number of tokens as the client wrote it, or the nearest level', () => {
    expect(think('gemini-2.5-flash', { budgetTokens: 3_000 }).config).toEqual({ thinkingBudget: 3_000 });
    expect(think('gemini-3-flash', { budgetTokens: 3_000 }).config).toEqual({ thinkingLevel: 'LOW' });
  });

  it('is never steered by level and number at once, which Google refuses', () => {
    for (const model of ['gemini-2.5-flash', 'gemini-3-flash']) {
      expect(Object.keys(think(model, { effort: 'high', budgetTokens: 9_000 }).config ?? {})).toHaveLength(1);
    }
  });

  it('is switched off where that can be done', () => {
    expect(think('gemini-2.5-flash', { effort: 'none' })).toEqual({ config: { thinkingBudget: 0 }, dropped: [] });
    expect(think('gemini-2.0-flash', { enabled: false })).toEqual({ config: undefined, dropped: [] });
  });

  it('is brought to its least where it cannot be switched off, and the client hears of it', () => {
    expect(think('gemini-2.5-pro', { enabled: false })).toEqual({ config: { thinkingBudget: 128 }, dropped: ['reasoning_effort'] });
    expect(think('gemini-3-flash', { effort: 'none' })).toEqual({ config: { thinkingLevel: 'MINIMAL' }, dropped: ['reasoning_effort'] });
  });

  it('is shown where the client wants to see it', () => {
    expect(think('gemini-2.5-flash', { summary: 'auto' }).config).toEqual({ includeThoughts: true });
    expect(think('gemini-3-flash', { effort: 'low', summary: 'detailed' }).config).toEqual({ thinkingLevel: 'LOW', includeThoughts: true });
  });

  it('is refused to models that do not think', () => {
    for (const model of ['gemini-2.0-flash', 'gemini-1.5-pro', 'gemini-pro', 'gemma-3-27b-it']) {
      expect(() => think(model, { effort: 'high' })).toThrow(expect.objectContaining({ code: 'unsupported_feature' }));
    }
  });

  it('is left to the model where nothing is said of it', () => {
    expect(think('gemini-3-flash', { enabled: true }).config).toBeUndefined();
  });
});
