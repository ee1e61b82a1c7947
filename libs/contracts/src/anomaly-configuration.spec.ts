import { describe, expect, it } from 'vitest';
import { anomaliesSchema } from './anomaly-configuration.ts';

/** Path and message of what is wrong. */
function faults(value: unknown): string[] {
  const parsed = anomaliesSchema.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('anomalies of an organisation', () => {
  it('watches by default, and slows nobody', () => {
    expect(anomaliesSchema.parse({})).toEqual({
      enabled: true,
      falseAlarms: 0.05,
      minimum: { tokens: 100_000, usd: 1, requests: 10 },
      newKey: { tokens: 50_000_000, usd: 100 },
      silence: false,
    });
  });

  it('keeps ten requests a minute for a key that is slowed, unless told', () => {
    expect(anomaliesSchema.parse({ throttle: { factor: 2, minutes: 15 } }).throttle).toEqual({ factor: 2, minutes: 15, floor: 10 });
  });

  it('names what is wrong and how to write it', () => {
    expect(faults({ falseAlarms: 0 })).toEqual(['falseAlarms: write false alarms per key and month, above 0 and at most 1, e.g. 0.05']);
    expect(faults({ throttle: { factor: -1, minutes: 2_000 } })).toEqual([
      'throttle.factor: write a multiple of the usual, 0 or more',
      'throttle.minutes: write 1 to 1440 minutes',
    ]);
    expect(faults({ treshold: 3 })).toHaveLength(1);
  });
});
