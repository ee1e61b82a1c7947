import { describe, expect, it } from 'vitest';
import { vetoOf } from './veto.ts';
import { wordsOf } from './words.ts';

const veto = (left: string, right: string): string | undefined => vetoOf(wordsOf(left), wordsOf(right));

describe('vetoOf', () => {
  it.each([
    ['numbers', 'Who won the cup in 1998?', 'Who won the cup in 2002?'],
    ['numbers', 'Give me two recipes with rice', 'Give me three recipes with rice'],
    ['numbers', 'What is 5% of 200?', 'What is 5 of 200?'],
    ['numbers', 'What is -5 plus 2?', 'What is 5 plus 2?'],
    ['placeholders', 'Write to <EMAIL_ADDRESS_1> about the bill', 'Write to <EMAIL_ADDRESS_1> and <EMAIL_ADDRESS_1> about the bill'],
    ['units', 'How many miles is a marathon?', 'How many kilometres is a marathon?'],
    ['units', 'What is the rent in € there?', 'What is the rent in $ there?'],
    ['names', 'What is the capital of France?', 'What is the capital of Spain?'],
    ['names', 'How do I install PostgreSQL?', 'How do I install MySQL?'],
    ['negation', 'Which foods should I eat?', "Which foods shouldn't I eat?"],
    ['negation', 'Can I travel with a visa?', 'Can I travel without a visa?'],
    ['opposites', 'How do I enable two factor login?', 'How do I disable two factor login?'],
    ['opposites', 'Should I eat before training?', 'Should I eat after training?'],
    ['interrogatives', 'Who founded the company?', 'When was the company founded?'],
    ['interrogatives', 'How much is the fee?', 'How is the fee?'],
    ['roles', 'Does Samuel trust Jacob?', 'Does Jacob trust Samuel?'],
    ['roles', 'Does Samuel trust Jacob?', 'Is Samuel trusted by Jacob?'],
    ['one_thing', 'How do I cancel my order?', 'How do I cancel my subscription?'],
    ['one_thing', 'Is she an editor?', 'Is she an amazing editor?'],
    ['language', 'Wie spät ist es?', 'Wie spät ist es jetzt?'],
  ])('%s: "%s" against "%s"', (name, left, right) => {
    expect(veto(left, right)).toBeDefined();
    expect([name, 'one_thing', 'language']).toContain(veto(left, right));
    expect(veto(right, left)).toBe(veto(left, right));
  });

  it.each([
    ['How do I cancel my order?', 'What is the best way to cancel an order?'],
    ['How can I reset my password?', 'Please tell me how to reset the password'],
    ['What is the population of New York?', "what's the population of new york?"],
    ['Did Kayla buy the business?', 'did Kayla buy a business'],
    ['Does 1,000 grams make a kilogram?', 'does 1000 grams make a kilogram'],
  ])('lets "%s" be served by the answer to "%s"', (left, right) => {
    expect(veto(left, right)).toBeUndefined();
  });
});
