import { describe, expect, it } from 'vitest';
import { isRepeatedDigit, modulo97, passesLuhn, passesVerhoeff } from './checksums.ts';

describe('checksums', () => {
  it.each(['0', '79927398713', '4111111111111111'])('Luhn admits %s', (digits) => {
    expect(passesLuhn(digits)).toBe(true);
  });

  it.each(['1', '79927398714'])('Luhn rejects %s', (digits) => {
    expect(passesLuhn(digits)).toBe(false);
  });

  it.each(['2363', '123451'])('Verhoeff admits %s', (digits) => {
    expect(passesVerhoeff(digits)).toBe(true);
  });

  it.each(['2364', '2633', '123415'])('Verhoeff rejects %s', (digits) => {
    expect(passesVerhoeff(digits)).toBe(false);
  });

  it('takes the remainder of an IBAN turned round', () => {
    expect(modulo97('WEST12345698765432GB82')).toBe(1);
  });

  it('knows a repeated digit', () => {
    expect([isRepeatedDigit('1111'), isRepeatedDigit('1112')]).toEqual([true, false]);
  });
});
