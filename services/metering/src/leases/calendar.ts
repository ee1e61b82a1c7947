/** A calendar window that holds a moment: epoch ms, the end exclusive. */
export interface CalendarPeriod {
  readonly start: number;
  readonly end: number;
}

export type CalendarSpan = 'hour' | 'day' | 'week' | 'month' | 'quarter';

export interface Calendar {
  readonly timeZone: string;
  /** Month in which the fiscal year begins, 1 to 12. */
  readonly fiscalYearStart: number;
}

export const utc: Calendar = { timeZone: 'UTC', fiscalYearStart: 1 };

const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** 1970-01-05, the first Monday of the epoch, in days. */
const mondayOffset = 4;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The window of `span` that holds `at`. Days begin at the first moment of a date in the zone, so they have 23 or 25 hours where clocks change. */
export function periodOf(span: CalendarSpan, { timeZone, fiscalYearStart }: Calendar, at: number): CalendarPeriod {
  if (span === 'hour') {
    const start = Math.floor(at / hourMs) * hourMs;
    return { start, end: start + hourMs };
  }
  const local = new Date(at + offsetAt(timeZone, at));
  const [first, next] = bounds(span, local, fiscalYearStart);
  return { start: zonedStart(timeZone, first), end: zonedStart(timeZone, next) };
}

/** First dates of this window and the next, as if the zone were UTC. */
function bounds(span: Exclude<CalendarSpan, 'hour'>, local: Date, fiscalYearStart: number): [number, number] {
  const year = local.getUTCFullYear();
  const month = local.getUTCMonth();
  const day = Math.floor(local.getTime() / dayMs);
  switch (span) {
    case 'day':
      return [day * dayMs, (day + 1) * dayMs];
    case 'week': {
      const monday = day - ((((day - mondayOffset) % 7) + 7) % 7);
      return [monday * dayMs, (monday + 7) * dayMs];
    }
    case 'month':
      return [Date.UTC(year, month), Date.UTC(year, month + 1)];
    case 'quarter': {
      const into = (month - (fiscalYearStart - 1) + 12) % 3;
      return [Date.UTC(year, month - into), Date.UTC(year, month - into + 3)];
    }
  }
}

/**
 * The first moment at which clocks of the zone show `local` or later: a midnight that clocks jump over begins at the jump,
 * and of one that comes twice the first counts.
 */
function zonedStart(timeZone: string, local: number): number {
  const before = offsetAt(timeZone, local - dayMs);
  const after = offsetAt(timeZone, local + dayMs);
  const early = local - Math.max(before, after);
  const late = local - Math.min(before, after);
  if (early + offsetAt(timeZone, early) >= local) return early;
  if (late + offsetAt(timeZone, late - 1) < local || early === late) return late;
  // Clocks change between the two: find the first minute that shows the date.
  let [low, high] = [early, late];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + offsetAt(timeZone, middle) >= local) high = middle;
    else low = middle;
  }
  return high;
}

/** What clocks of the zone are ahead of UTC, ms. */
function offsetAt(timeZone: string, at: number): number {
  if (timeZone === 'UTC') return 0;
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(timeZone, format); // as many as the configuration names zones
  }
  const shown = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => shown.get(name) ?? 0;
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - Math.floor(at / 1_000) * 1_000;
}
