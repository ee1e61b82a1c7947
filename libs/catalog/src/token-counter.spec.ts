import { beforeAll, describe, expect, it } from 'vitest';
import { type CountTokens, loadTokenCounter } from './token-counter.ts';

let count: CountTokens;

beforeAll(async () => {
  count = await loadTokenCounter();
});

describe('loadTokenCounter', () => {
  it('counts as the encoding does', () => {
    expect(count('')).toBe(0);
    expect(count('hello world')).toBe(2);
    expect(count('The quick brown fox jumps over the lazy dog.')).toBe(10);
  });

  it('counts a long text piece by piece and comes to the sum of its sentences', () => {
    const sentence = ' The quick brown fox jumps over the lazy dog.';
    expect(count(sentence.repeat(500))).toBe(count(sentence) * 500);
  });

  it('is not stopped by one endless word', () => {
    const startedAt = performance.now();
    expect(count('A'.repeat(100_000))).toBeGreaterThan(1_000);
    expect(performance.now() - startedAt).toBeLessThan(5_000); // in one piece it takes more than a minute on a loaded machine
  });

  it('takes the name of a special token for text', () => {
    expect(count('<|endoftext|>')).toBeGreaterThan(1);
  });
});
