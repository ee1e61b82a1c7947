import type { BudgetConfig, LimitField, LimitsConfig } from '@sluice/contracts';
import { periodOf, utc, type Calendar, type CalendarSpan } from '../leases/calendar.ts';

/** What a limit counts. */
export const units = ['requests', 'tokens', 'inputTokens', 'outputTokens', 'concurrency', 'nanoUsd'] as const;
export type Unit = (typeof units)[number];

/** How long it counts: `now` is what is under way, seconds and minutes slide, the others are windows of the calendar. */
export type Span = 'now' | 'second' | 'minute' | CalendarSpan;

export function isCalendarSpan(span: Span): span is CalendarSpan {
  return span !== 'now' && span !== 'second' && span !== 'minute';
}

/** One limit or budget of an owner. */
export interface LimitDefinition {
  /** As the configuration names it: `requestsPerMinute`, `budget`; `throttle` after an anomaly. */
  readonly name: LimitField | 'budget' | 'throttle';
  readonly unit: Unit;
  readonly span: Span;
  readonly allowed: number;
  readonly calendar: Calendar;
  /** Most that an unspent window adds to the next. */
  readonly carry: number;
  /** Percentages that are announced. */
  readonly alerts: readonly number[];
  /** Counted and announced, but refuses nothing. */
  readonly soft: boolean;
}

export const nanoPerUsd = 1_000_000_000;
const defaultAlerts = [50, 80, 95];

const limitPrefixes = [
  ['requests', 'requests'],
  ['tokens', 'tokens'],
  ['inputTokens', 'inputTokens'],
  ['outputTokens', 'outputTokens'],
] as const;
const spans = [
  ['Second', 'second'],
  ['Minute', 'minute'],
  ['Hour', 'hour'],
  ['Day', 'day'],
] as const;

/** All limits of an owner. Of two budgets alike in unit, window and zone the smaller one counts. */
export function limitDefinitions(limits: LimitsConfig, budgets: readonly BudgetConfig[]): LimitDefinition[] {
  const definitions: LimitDefinition[] = [];
  const add = (name: LimitField, unit: Unit, span: Span): void => {
    const allowed = limits[name];
    if (allowed === undefined) return;
    definitions.push({ name, unit, span, allowed, calendar: utc, carry: 0, alerts: [], soft: false });
  };
  add('concurrency', 'concurrency', 'now');
  for (const [prefix, unit] of limitPrefixes) for (const [suffix, span] of spans) add(`${prefix}Per${suffix}`, unit, span);
  return [...definitions, ...budgets.map(budgetDefinition)];
}

function budgetDefinition(budget: BudgetConfig): LimitDefinition {
  const { usd, tokens = 0, window, timeZone = 'UTC', fiscalYearStart = 1, rollover = 0, alerts = defaultAlerts } = budget;
  const allowed = usd === undefined ? tokens : Math.round(usd * nanoPerUsd);
  return {
    name: 'budget',
    unit: usd === undefined ? 'tokens' : 'nanoUsd',
    span: window,
    allowed,
    calendar: { timeZone, fiscalYearStart },
    carry: Math.floor(allowed * rollover),
    alerts,
    soft: budget.onExceeded === 'alert',
  };
}

/** What a key that was slowed may begin in any minute. */
export function throttleDefinition(requestsPerMinute: number): LimitDefinition {
  return {
    name: 'throttle',
    unit: 'requests',
    span: 'minute',
    allowed: requestsPerMinute,
    calendar: utc,
    carry: 0,
    alerts: [],
    soft: false,
  };
}

/** Whether a limit counts what is known only when the answer is there. */
export function countsUse({ unit }: Pick<LimitDefinition, 'unit'>): boolean {
  return unit !== 'requests' && unit !== 'concurrency';
}

/** Names a meter of an owner; the same in every replica and version of the configuration. */
export function meterId(owner: string, { name, unit, span, calendar }: LimitDefinition): string {
  const zone = name === 'budget' ? `@${calendar.timeZone}${span === 'quarter' ? `+${calendar.fiscalYearStart}` : ''}` : '';
  const prefix = name === 'budget' || name === 'throttle' ? `${name}.` : '';
  return `${owner}|${prefix}${unit}|${span}${zone}`;
}

/** Where the window before one began; only what rolls over looks at it. */
export function previousStart({ span, calendar, carry }: LimitDefinition, start: number): number {
  return carry === 0 || !isCalendarSpan(span) ? -1 : periodOf(span, calendar, start - 1).start;
}
