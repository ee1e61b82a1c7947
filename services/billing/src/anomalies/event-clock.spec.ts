import { expect, it } from 'vitest';
import { EventClock } from './event-clock.ts';

const now = Date.parse('2026-11-02T10:00:00Z');
const hourMs = 3_600_000;

it('goes by the wall clock while events are fresh', () => {
  expect(new EventClock(60_000).read(now - 5_000, now)).toEqual({ time: now, current: true });
});

it('goes by the events while a backlog is read', () => {
  const clock = new EventClock(60_000);
  expect(clock.read(now - hourMs, now)).toEqual({ time: now - hourMs, current: false });
  expect(clock.read(now - hourMs + 50_000, now + 50_000)).toEqual({ time: now - hourMs + 50_000, current: false });
  expect(clock.read(now - hourMs + 90_000, now + 65_000)?.current).toBe(false);
});

it('takes a stream in which nothing comes for read', () => {
  const clock = new EventClock(60_000);
  clock.read(now - hourMs, now);
  expect(clock.read(now - hourMs, now + 60_000)).toEqual({ time: now + 60_000, current: true });
});

it('takes a producer ahead of its time for now', () => {
  expect(new EventClock(60_000).read(now + hourMs, now)).toEqual({ time: now, current: true });
});

it('knows no time before the first event', () => {
  expect(new EventClock(60_000).read(undefined, now)).toBeUndefined();
});
