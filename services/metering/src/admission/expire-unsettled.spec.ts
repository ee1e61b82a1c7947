import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startExpiry } from './expire-unsettled.ts';

const start = 10_000_000;
/** What happened, in order. */
let story: string[];
let oldestOverdue: number | undefined;
let readable: boolean;
let stop: () => Promise<void>;

beforeEach(() => {
  vi.useFakeTimers({ now: start });
  story = [];
  oldestOverdue = undefined;
  readable = true;
  stop = startExpiry({
    admission: {
      get oldestOverdue() {
        return oldestOverdue;
      },
      expire: (time) => {
        story.push(`expired by ${time - start}`);
        oldestOverdue = undefined;
        return 1;
      },
    },
    hearing: {
      hearAgain: (since) => {
        story.push(`heard from ${since - start}`);
        return readable ? Promise.resolve() : Promise.reject(new Error('unreadable'));
      },
    },
    clock: Date.now,
    log: { warn: () => undefined },
  });
});
afterEach(async () => {
  await stop();
  vi.useRealTimers();
});

it('asks nothing while nothing is overdue', async () => {
  await vi.advanceTimersByTimeAsync(10_000);
  expect(story).toEqual([]);
});

it('books what is overdue once it was heard again from a minute before the oldest of it', async () => {
  oldestOverdue = start - 150_000;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(story).toEqual(['heard from -210000', 'expired by 1000']);
});

it('books nothing while the ends cannot be read, and tries again at intervals', async () => {
  oldestOverdue = start;
  readable = false;
  await vi.advanceTimersByTimeAsync(40_000);
  expect(story).toEqual(['heard from -60000', 'heard from -60000']);
  readable = true;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(story.at(-1)).toBe('expired by 41000');
});
