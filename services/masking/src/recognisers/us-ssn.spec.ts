import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { usSsn } from './us-ssn.ts';

describe('us-ssn', () => {
  it.each([
    ['536-90-4399', '536-90-4399'],
    ['SSN: 536904399', '536904399'],
    ['536 90 4399', '536 90 4399'],
  ])('finds in %j', (text, value) => {
    expect(valuesFound(usSsn, text)).toEqual([value]);
  });

  it.each(['000-12-3456', '666-12-3456', '900-12-3456', '123-00-4567', '123-45-0000', '536904399', '078-05-1120', '536-90-43991'])(
    'finds nothing in %j',
    (text) => {
      expect(valuesFound(usSsn, text)).toEqual([]);
    },
  );
});
