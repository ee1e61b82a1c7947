import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Word } from './ask-for-more.ts';
import { StreamAllowance } from './stream-allowance.ts';

/** An allowance whose answers come when the test gives them. */
function open(heldTokens: number, atMostTokens = Infinity) {
  const asked: number[] = [];
  let answer: ((word: Word) => void) | undefined;
  let now = 0;
  const allowance = new StreamAllowance({
    heldTokens,
    atMostTokens,
    clock: () => now,
    ask: (tokens) => {
      asked.push(tokens);
      const { promise, resolve } = Promise.withResolvers<Word>();
      answer = resolve;
      return promise;
    },
  });
  return {
    allowance,
    asked,
    pass: (milliseconds: number) => (now += milliseconds),
    answer: async (word: Word): Promise<void> => {
      answer?.(word);
      await allowance.answered;
    },
  };
}

describe('StreamAllowance', () => {
  it('asks for as much again at three quarters, once, and lets the stream go on meanwhile', async () => {
    const { allowance, asked, answer } = open(100);
    expect(allowance.check(74)).toBe('pass');
    expect(asked).toEqual([]);
    expect(allowance.check(75)).toBe('pass');
    expect(allowance.check(100)).toBe('pass');
    expect(asked).toEqual([100]);
    await answer('granted');
    expect(allowance.check(149)).toBe('pass');
    expect(allowance.check(150)).toBe('pass');
    expect(asked).toEqual([100, 200]);
  });

  it('lets an event wait that does not fit before the answer comes', async () => {
    const { allowance, answer } = open(100);
    expect(allowance.check(101)).toBe('wait');
    await answer('granted');
    expect(allowance.check(101)).toBe('pass');
  });

  it('asks for as much as a large event needs', async () => {
    const { allowance, asked, answer } = open(16);
    expect(allowance.check(60)).toBe('wait');
    await answer('refused');
    expect(allowance.check(60)).toBe('end');
    expect(asked).toEqual([44]);
  });

  it('asks again where an event is larger than what was asked for ahead of it', async () => {
    const { allowance, asked, answer } = open(100);
    allowance.check(80);
    expect(allowance.check(500)).toBe('wait');
    await answer('granted');
    expect(allowance.check(500)).toBe('wait');
    expect(asked).toEqual([100, 300]);
    await answer('granted');
    expect(allowance.check(500)).toBe('pass');
  });

  it('asks for half after a refusal, so that a limit is used to its end', async () => {
    const { allowance, asked, answer } = open(100);
    allowance.check(80);
    await answer('refused');
    expect(allowance.check(89)).toBe('pass');
    expect(asked).toEqual([100]);
    expect(allowance.check(90)).toBe('pass');
    expect(asked).toEqual([100, 50]);
    await answer('granted');
    expect(allowance.check(149)).toBe('pass');
  });

  it('ends the stream where the next event does not fit and a sentence was refused', async () => {
    const { allowance, asked, answer } = open(100);
    allowance.check(80);
    await answer('refused');
    for (const word of ['wait', 'wait', 'wait', 'end']) {
      expect(allowance.check(101)).toBe(word);
      await answer('refused');
    }
    expect(asked).toEqual([100, 50, 25, 16]);
  });

  it('ends the stream where nobody answers while it stands still', async () => {
    const { allowance, asked, answer } = open(100);
    expect(allowance.check(101)).toBe('wait');
    await answer('unanswered');
    expect(allowance.check(101)).toBe('end');
    expect(asked).toEqual([100]);
  });

  it('asks again before its end where nobody answered', async () => {
    const { allowance, asked, answer } = open(100);
    allowance.check(80);
    await answer('unanswered');
    expect(allowance.check(90)).toBe('pass');
    expect(asked).toEqual([100, 100]);
    await answer('granted');
    expect(allowance.check(101)).toBe('pass');
  });

  it('stands still for two seconds at most, and the one answer that is under way then', async () => {
    const { allowance, asked, answer, pass } = open(1_000);
    expect(allowance.check(1_001)).toBe('wait');
    pass(1_900);
    await answer('refused');
    expect(allowance.check(1_001)).toBe('wait');
    pass(1_900);
    await answer('refused');
    expect(allowance.check(1_001)).toBe('end');
    expect(asked).toEqual([1_000, 500]);
  });

  it('asks for no more than the request allows, and leaves the end to the provider then', async () => {
    const { allowance, asked, answer } = open(100, 130);
    allowance.check(75);
    expect(asked).toEqual([30]);
    await answer('granted');
    expect(allowance.check(5_000)).toBe('pass');
    expect(asked).toEqual([30]);
  });

  it('never lets an event pass that does not fit what is held, and asks seldom, whatever is answered', async () => {
    const words = fc.array(fc.constantFrom<Word>('granted', 'refused', 'unanswered'), { maxLength: 40 });
    const events = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 500 }), words, events, async (heldTokens, answers, sizes) => {
        const { allowance, asked, answer } = open(heldTokens);
        let held = heldTokens;
        let produced = 0;
        let answered = 0;
        const reply = async (): Promise<void> => {
          const word = answers[answered++] ?? 'refused';
          if (word === 'granted') held += asked.at(-1) ?? 0;
          await answer(word);
        };
        stream: for (const size of sizes) {
          produced += size;
          for (;;) {
            const word = allowance.check(produced);
            if (word === 'end') break stream;
            if (word === 'pass') break;
            expect(asked).toHaveLength(answered + 1);
            await reply();
          }
          expect(produced).toBeLessThanOrEqual(held);
          // Answers come late as often as not.
          if (asked.length > answered && size % 2 === 0) await reply();
        }
        expect(allowance.heldTokens).toBe(held);
        const grants = answers.slice(0, answered).filter((word) => word === 'granted').length;
        expect(asked.length).toBeLessThanOrEqual((grants + 1) * (Math.log2(Math.max(held, 16)) + 3) + answers.length);
      }),
    );
  });

  it('asks a hundred thousand tokens in ten times or fewer', async () => {
    const { allowance, asked, answer } = open(200);
    for (let produced = 1; produced <= 100_000; produced += 3) {
      if (allowance.check(produced) !== 'pass') throw new Error('it was granted everything');
      await answer('granted');
    }
    expect(asked.length).toBeLessThanOrEqual(10);
  });
});
