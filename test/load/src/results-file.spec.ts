import { expect, it } from 'vitest';
import { renderResults } from './results-file.ts';

it('writes a line for each member and each element, as JSON', () => {
  const results = { at: 'now', options: { rounds: 2 }, bars: [], rounds: [{ us: [1, 2] }, { us: [3] }] };
  const text = renderResults(results);
  expect(JSON.parse(text)).toEqual(results);
  expect(text.split('\n')).toHaveLength(10);
});
