import { describe, expect, it } from 'vitest';
import { Placeholders } from './placeholders.ts';

describe('Placeholders', () => {
  it('numbers values of a type by first appearance', () => {
    const placeholders = new Placeholders();
    expect([placeholders.assign('A', 'x'), placeholders.assign('A', 'y'), placeholders.assign('B', 'z')]).toEqual([
      '<A_1>',
      '<A_2>',
      '<B_1>',
    ]);
  });

  it('gives the same value the same placeholder', () => {
    const placeholders = new Placeholders();
    expect(placeholders.assign('A', 'x')).toBe(placeholders.assign('A', 'x'));
  });

  it('never uses a form that stands in the text', () => {
    const placeholders = new Placeholders();
    placeholders.reserve('what is <A_1> and <A_3>?');
    expect([placeholders.assign('A', 'x'), placeholders.assign('A', 'y')]).toEqual(['<A_2>', '<A_4>']);
  });

  it('tells which placeholder stands for what', () => {
    const placeholders = new Placeholders();
    placeholders.assign('A', 'x');
    expect(placeholders.table()).toEqual({ '<A_1>': 'x' });
  });
});
