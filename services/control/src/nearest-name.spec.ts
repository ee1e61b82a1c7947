import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['injektion', 'injection'],
    ['guardrial', 'guardrail'],
    ['EMAIL_ADRESS', 'EMAIL_ADDRESS'],
    ['Secrets', 'secrets'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearestName(word, ['injection', 'guardrail', 'EMAIL_ADDRESS', 'secrets'])).toBe(meant);
  });

  it('gives nothing where no candidate is near', () => {
    expect(nearestName('toxicity', ['injection', 'secrets'])).toBeUndefined();
  });

  it('gives nothing for a word that is too long to be a typing mistake', () => {
    expect(nearestName('a'.repeat(100_000), ['injection'])).toBeUndefined();
  });
});
