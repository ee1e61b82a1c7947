import { describe, expect, it } from 'vitest';
import { valuesFound } from '../testing-recogniser.ts';
import { ibanCode } from './iban-code.ts';

describe('iban-code', () => {
  it.each([
    ['GB82 WEST 1234 5698 7654 32', 'GB82 WEST 1234 5698 7654 32'],
    ['DE89370400440532013000', 'DE89370400440532013000'],
    ['FR1420041010050500013M02606', 'FR1420041010050500013M02606'],
    ['NL91ABNA0417164300', 'NL91ABNA0417164300'],
    ['NO9386011117947', 'NO9386011117947'],
    ['MT84MALT011000012345MTLCAST001S', 'MT84MALT011000012345MTLCAST001S'],
    ['CH93 0076 2011 6238 5295 7', 'CH93 0076 2011 6238 5295 7'],
    ['BR1800360305000010009795493C1', 'BR1800360305000010009795493C1'],
    ['IBAN: es91-2100-0418-4502-0005-1332!', 'es91-2100-0418-4502-0005-1332'],
    ['DE89 3704 0044 0532 0130 00 and more', 'DE89 3704 0044 0532 0130 00'],
  ])('finds in %j', (text, value) => {
    expect(valuesFound(ibanCode, text)).toEqual([value]);
  });

  it.each([
    'GB82 WEST 1234 5698 7654 33',
    'DE8937040044053201300',
    'XX82WEST12345698765432',
    'GB82',
    'DE893704004405320130001',
    'XDE89370400440532013000',
  ])('finds nothing in %j', (text) => {
    expect(valuesFound(ibanCode, text)).toEqual([]);
  });
});
