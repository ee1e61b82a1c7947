import { describe, expect, it } from 'vitest';
import { maskText } from './mask-text.ts';
import { compilePlan } from './plan.ts';
import { recognisers } from './recognisers/index.ts';

/** Repeated to a length, each would make some pattern start over at every character if it were not linear. */
const units = [
  'a',
  '1',
  '1 ',
  '1.',
  '@',
  'a@',
  'a@b.',
  'a@a.aa ',
  'a=1@b.co&',
  '4111 ',
  '4111 1111 1111 1111 ',
  '+1',
  '(',
  '1:',
  '::1 ',
  'GB12 ',
  '1.2.3.4 ',
  'aa:',
  '555-1234 ',
  '0123456789 ',
  'tel 5551234567 ',
  'bc1',
  'http://a',
  '<EMAIL_ADDRESS_1> ',
];
const everything = compilePlan({ entities: Object.fromEntries(recognisers.map(({ type }) => [type, 'mask' as const])), minScore: 0.5 });

const characters = 1024 * 1024;

/**
 * CPU time, because others share the machine. The linear search takes 20 to 600 ms with every recogniser on, cold; one
 * that starts over at every character took 7,000 to 50,000.
 */
const limitMs = 4_000;

describe('hostile texts', () => {
  it.each(units)('of %j take linear time', async (unit) => {
    const text = unit.repeat(characters / unit.length);
    const before = process.cpuUsage();
    await maskText(text, everything);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(limitMs);
  });
});
