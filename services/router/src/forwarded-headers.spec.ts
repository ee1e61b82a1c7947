import { describe, expect, it } from 'vitest';
import { compileForwardedHeaders, isHeaderValue } from './forwarded-headers.ts';

describe('compileForwardedHeaders', () => {
  it('matches whole names and endings, whatever the case of the pattern', () => {
    const forwards = compileForwardedHeaders(['OpenAI-Beta', 'x-sim-*']);
    expect(forwards?.('openai-beta')).toBe(true);
    expect(forwards?.('x-sim-status')).toBe(true);
    expect(forwards?.('x-other')).toBe(false);
  });

  it.each(['authorization', 'x-api-key', 'cookie', 'host', 'content-length', 'traceparent'])('never passes %s on', (header) => {
    expect(compileForwardedHeaders(['*', header])?.(header)).toBe(false);
  });

  it('is nothing where no pattern is given', () => {
    expect(compileForwardedHeaders([])).toBeUndefined();
  });
});

describe('isHeaderValue', () => {
  it('admits no line break', () => {
    expect(isHeaderValue('plain value')).toBe(true);
    expect(isHeaderValue('a\r\nx-injected: b')).toBe(false);
  });
});
