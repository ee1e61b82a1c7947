import { expect, it } from 'vitest';
import { AnswerMemory } from './answer-memory.ts';
import type { Entry } from './entry.ts';

const entry = (bytes: number, expiresAt = 1_000): Entry => ({
  head: { provider: 'p', providerModel: 'm', finishReason: 'stop', usage: { input: 1, output: 1 } },
  body: new Uint8Array(bytes),
  storedAt: 0,
  expiresAt,
});

it('drops the least recently used beyond the count', () => {
  const memory = new AnswerMemory(2, 1e6);
  memory.set('a', entry(1));
  memory.set('b', entry(1));
  memory.get('a', 0);
  memory.set('c', entry(1));
  expect(['a', 'b', 'c'].map((key) => memory.get(key, 0) !== undefined)).toEqual([true, false, true]);
});

it('stays below the bytes, and counts them right when entries are replaced or expire', () => {
  const memory = new AnswerMemory(1_000, 100_000);
  for (let index = 0; index < 100; index += 1) memory.set(`k${index % 50}`, entry(5_000));
  expect(memory.bytes).toBeLessThanOrEqual(100_000);
  for (let index = 0; index < 100; index += 1) memory.get(`k${index}`, 1_000);
  expect([memory.size, memory.bytes]).toEqual([0, 0]);
});

it('refuses an answer that would push out all others', () => {
  const memory = new AnswerMemory(10, 8_000);
  memory.set('a', entry(2_000));
  expect(memory.size).toBe(0);
});
