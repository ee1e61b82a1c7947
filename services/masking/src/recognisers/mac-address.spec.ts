import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { macAddress } from './mac-address.ts';

describe('mac-address', () => {
  it.each([
    ['00:1A:2B:3C:4D:5E', '00:1A:2B:3C:4D:5E'],
    ['aa-bb-cc-dd-ee-ff', 'aa-bb-cc-dd-ee-ff'],
    ['0012.3456.789a', '0012.3456.789a'],
    ['MAC 00:11:22:33:44:55.', '00:11:22:33:44:55'],
  ])('finds in %j', (text, value) => {
    expect(valuesFound(macAddress, text)).toEqual([value]);
  });

  it.each(['00:1A:2B:3C:4D', '00:1A-2B:3C:4D:5E', '00:00:00:00:00:00', '00:1A:2B:3C:4D:5E:6F', '12:30:45', 'g0:1A:2B:3C:4D:5E'])(
    'finds nothing in %j',
    (text) => {
      expect(valuesFound(macAddress, text)).toEqual([]);
    },
  );
});
