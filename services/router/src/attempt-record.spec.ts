import { describe, expect, it } from 'vitest';
import { usageOfStream } from './attempt-record.ts';

const whole = { complete: true, outputTokens: 90 };
const broken = { complete: false, outputTokens: 90 };

describe('usageOfStream', () => {
  it('is what the provider said, where the stream came to its end', () => {
    expect(usageOfStream({ input: 10, output: 80 }, whole, 400)).toEqual({ input: 10, output: 80 });
  });

  it('is estimated where the provider said nothing', () => {
    expect(usageOfStream(undefined, broken, 400)).toEqual({ input: 100, output: 90, estimated: true });
  });

  it('has the input that the provider told at its beginning, and the output that came until it broke', () => {
    expect(usageOfStream({ input: 10, output: 1, cached: 4 }, broken, 400)).toEqual({ input: 10, output: 90, cached: 4, estimated: true });
  });

  it('believes a provider that told of more than came', () => {
    expect(usageOfStream({ input: 10, output: 200 }, broken, 400)).toEqual({ input: 10, output: 200 });
  });
});
