/** Kinds of value that several parts of `sluice.yaml` have. */
import { z } from 'zod';

const durationUnitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration such as `500ms`, `30s`, `5m`, `1h`, `7d`; parsed to milliseconds. */
export const duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, 'write a whole number and a unit: 500ms, 30s, 5m, 1h or 7d')
  .transform((text) => {
    const [, digits = '0', unit = 'ms'] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
    return Number(digits) * durationUnitsMs[unit as keyof typeof durationUnitsMs]; // the regex admits these units only
  });

export const positiveInteger = z.number().int().positive();
