import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { crypto } from './crypto.ts';

describe('crypto', () => {
  it.each([
    ['16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ', '16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ'],
    ['3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy', '3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy'],
    ['bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq'],
    ['0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe', '0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe'],
  ])('finds in %j', (text, value) => {
    expect(valuesFound(crypto, text)).toEqual([value]);
  });

  it.each([
    '16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyY',
    'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdd',
    '0x0000000000000000000000000000000000000000',
    'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  ])('finds nothing in %j', (text) => {
    expect(valuesFound(crypto, text)).toEqual([]);
  });
});
