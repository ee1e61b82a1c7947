import { setTimeout as delay } from 'node:timers/promises';

const hourMs = 3_600_000;

/** Resolves when no window of an hour or a day ends within `ms`: limits by the calendar begin anew there, and what remains of them would rise in mid-test. */
export async function farFromTheHour(ms: number): Promise<void> {
  const leftMs = hourMs - (Date.now() % hourMs);
  if (leftMs < ms) await delay(leftMs);
}
