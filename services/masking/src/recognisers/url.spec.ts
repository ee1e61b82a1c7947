import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { url } from './url.ts';

describe('url', () => {
  it.each([
    ['https://example.com/a?b=c', 'https://example.com/a?b=c'],
    ['see (http://x.org/y).', 'http://x.org/y'],
    ['www.example.com', 'www.example.com'],
    ['go to https://a.b.co, then', 'https://a.b.co'],
  ])('finds in %j', (text, value) => {
    expect(valuesFound(url, text)).toEqual([value]);
  });

  it.each(['example.com', 'http://', 'https://localhost', 'xhttps://a.b.co'])('finds nothing in %j', (text) => {
    expect(valuesFound(url, text)).toEqual([]);
  });
});
