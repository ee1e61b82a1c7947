import { hash } from 'node:crypto';
import { expect, it } from 'vitest';
import { KeyFilter } from './key-filter.ts';

const key = (text: string): Buffer => hash('sha256', text, 'buffer');

it('never denies a key that was added', () => {
  const filter = new KeyFilter(5_000);
  for (let index = 0; index < 5_000; index += 1) filter.add(key(`stored ${index}`));
  expect(Array.from({ length: 5_000 }, (_, index) => filter.mayHave(key(`stored ${index}`))).every(Boolean)).toBe(true);
});

it('passes fewer than three in a thousand absent keys at capacity', () => {
  const filter = new KeyFilter(5_000);
  for (let index = 0; index < 5_000; index += 1) filter.add(key(`stored ${index}`));
  const passed = Array.from({ length: 20_000 }, (_, index) => filter.mayHave(key(`absent ${index}`))).filter(Boolean).length;
  expect(passed).toBeLessThan(60);
});
