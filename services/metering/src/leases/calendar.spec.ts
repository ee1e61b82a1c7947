import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periodOf, utc, type CalendarSpan } from './calendar.ts';

const iso = (period: { start: number; end: number }) => [new Date(period.start).toISOString(), new Date(period.end).toISOString()];
const of = (span: CalendarSpan, at: string, timeZone = 'UTC', fiscalYearStart = 1) =>
  iso(periodOf(span, { timeZone, fiscalYearStart }, Date.parse(at)));

describe('periodOf', () => {
  it.each<[string, string[], string[]]>([
    ['an hour', of('hour', '2026-03-29T01:59:59.999Z'), ['2026-03-29T01:00:00.000Z', '2026-03-29T02:00:00.000Z']],
    ['a day', of('day', '2026-01-01T00:00:00Z'), ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z']],
    ['a week from Monday', of('week', '2026-11-22T23:00:00Z'), ['2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z']],
    ['a leap February', of('month', '2028-02-29T12:00:00Z'), ['2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z']],
    ['a quarter', of('quarter', '2026-11-22T00:00:00Z'), ['2026-10-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z']],
    [
      'a quarter of a fiscal year from February',
      of('quarter', '2027-01-31T00:00:00Z', 'UTC', 2),
      ['2026-11-01T00:00:00.000Z', '2027-02-01T00:00:00.000Z'],
    ],
    ['a day of 23 hours', of('day', '2026-03-29T12:00:00Z', 'Europe/Berlin'), ['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z']],
    ['a day of 25 hours', of('day', '2026-10-25T12:00:00Z', 'Europe/Berlin'), ['2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z']],
    [
      'a month over the change of clocks',
      of('month', '2026-03-15T12:00:00Z', 'America/New_York'),
      ['2026-03-01T05:00:00.000Z', '2026-04-01T04:00:00.000Z'],
    ],
    [
      'a day whose midnight is jumped over',
      of('day', '2026-04-24T12:00:00Z', 'Africa/Cairo'),
      ['2026-04-23T22:00:00.000Z', '2026-04-24T21:00:00.000Z'],
    ],
    ['a zone of a half hour', of('day', '2026-06-01T18:29:59Z', 'Asia/Kolkata'), ['2026-05-31T18:30:00.000Z', '2026-06-01T18:30:00.000Z']],
    [
      'a date that was left out',
      of('day', '2011-12-31T00:00:00Z', 'Pacific/Apia'),
      ['2011-12-30T10:00:00.000Z', '2011-12-31T10:00:00.000Z'],
    ],
  ])('finds %s', (_name, found, expected) => {
    expect(found).toEqual(expected);
  });

  it('covers all time without gap or overlap, in every zone and over every change of clocks', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'Asia/Kolkata', 'America/Santiago'];
    fc.assert(
      fc.property(
        fc.constantFrom<CalendarSpan>('hour', 'day', 'week', 'month', 'quarter'),
        fc.constantFrom(...zones),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2035, 0) }),
        (span, timeZone, fiscalYearStart, at) => {
          const calendar = { timeZone, fiscalYearStart };
          const period = periodOf(span, calendar, at);
          expect(period.start).toBeLessThanOrEqual(at);
          expect(period.end).toBeGreaterThan(at);
          expect(periodOf(span, calendar, period.end).start).toBe(period.end);
          expect(periodOf(span, calendar, period.start)).toEqual(period);
          expect(periodOf(span, calendar, period.end - 1)).toEqual(period);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('knows UTC by name', () => {
    expect(periodOf('day', utc, 0)).toEqual({ start: 0, end: 86_400_000 });
  });
});
