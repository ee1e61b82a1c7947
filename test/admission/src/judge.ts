import type { Admitted, History, Refused } from './read-history.ts';
import { latencyMs, type BurstResult } from './run-burst.ts';
import type { Scenario } from './scenarios.ts';

/** Amounts are nano-USD. */
export interface Verdict {
  readonly spent: number;
  readonly over: number;
  /** The stated bound: the largest amount by which one request could use more than was expected of it. */
  readonly bound: number;
  /** The largest amount by which one did, of what it did not ask for. */
  readonly largestError: number;
  /** What such errors sum up to: how far estimates alone would have gone over the budget. */
  readonly sumOfErrors: number;
  /** Requests that were refused though what is left at the end would have held them. */
  readonly refusedWithRoom: number;
  /** Those of them for whom there was room at their moment: neither spent nor held for a request under way. */
  readonly refusedFalsely: number;
  /** Calls of the provider that no settlement of an admitted request tells of. */
  readonly untold: number;
  /** How much longer than its provider the slowest plain request took: how late things are heard of on this machine, ms. */
  readonly lagMs: number;
  readonly sound: boolean;
}

/** A refusal was decided as long before ingress wrote it down, and a settlement is heard as long after, on a machine that does not lag. */
const slackMs = 200;
const nanoPerUsd = 1_000_000_000;

export function judge({ budgetUsd }: Pick<Scenario, 'budgetUsd'>, result: BurstResult, history: History): Verdict {
  const limit = Math.round(budgetUsd * nanoPerUsd);
  const { admitted, refused, told } = history;
  const spent = admitted.reduce((sum, { cost }) => sum + cost, 0);
  const over = Math.max(0, spent - limit);
  const errors = admitted.map(({ cost, expected }) => Math.max(0, cost - expected));
  const bound = admitted.reduce((most, one) => Math.max(most, one.most - one.expected), 0);
  const largestError = admitted.reduce((most, one) => Math.max(most, errorOf(one)), 0);
  const least = leastByModel(admitted);
  const refusedWithRoom = roomFor(refused, least, limit - spent);
  const lagMs = lagOf(admitted);
  const falsely = refused.filter(({ model, at }) =>
    hadRoom(admitted, limit, least.get(model) ?? Number.POSITIVE_INFINITY, at, slackMs + lagMs),
  );
  const refusedFalsely = Math.min(refusedWithRoom, falsely.length);
  const untold = result.calls.filter((call) => !told.has(call)).length;
  const sound = over <= bound && over <= largestError && refusedFalsely === 0 && result.failed === 0 && untold === 0;
  const sumOfErrors = errors.reduce((sum, error) => sum + error, 0);
  return { spent, over, bound, largestError, sumOfErrors, refusedWithRoom, refusedFalsely, untold, lagMs, sound };
}

/** What a stream uses beyond what was expected of it it asks for; only the rest of its most is an error. */
function errorOf({ stream, cost, expected, most }: Admitted): number {
  return Math.max(0, (stream ? Math.min(cost, most) : cost) - expected);
}

/** The least that was expected of a request for each model: a refused one would have needed as much. */
function leastByModel(admitted: readonly Admitted[]): Map<string, number> {
  const least = new Map<string, number>();
  for (const { model, expected } of admitted) least.set(model, Math.min(expected, least.get(model) ?? expected));
  return least;
}

/** How many of the refused would have fitted into what is left, the smallest first. */
function roomFor(refused: readonly Refused[], least: ReadonlyMap<string, number>, left: number): number {
  const needs = refused.map(({ model }) => least.get(model) ?? Number.POSITIVE_INFINITY).sort((one, other) => one - other);
  let rest = left;
  return needs.filter((need) => (rest -= need) >= 0).length;
}

/** Whether there was room for the smallest request all the time in which a refusal may have been decided. */
function hadRoom(admitted: readonly Admitted[], limit: number, least: number, at: number, slack: number): boolean {
  const from = at - slack;
  const moments = [from, at, ...admitted.flatMap(({ admittedAt }) => (admittedAt > from && admittedAt < at ? [admittedAt] : []))];
  return moments.every((moment) => limit - takenAt(admitted, moment, slack) >= least);
}

/** Spent, or held for requests under way. */
function takenAt(admitted: readonly Admitted[], moment: number, slack: number): number {
  let taken = 0;
  for (const { admittedAt, settledAt, most, cost } of admitted) {
    if (admittedAt > moment) continue;
    taken += settledAt !== undefined && settledAt + slack < moment ? cost : Math.max(most, cost);
  }
  return taken;
}

/** Streams are left out: near a limit they stand still until there is more. */
function lagOf(admitted: readonly Admitted[]): number {
  return admitted
    .filter(({ stream }) => !stream)
    .reduce((most, { admittedAt, settledAt }) => Math.max(most, (settledAt ?? admittedAt) - admittedAt - latencyMs), 0);
}

export function tell(scenario: Scenario, result: BurstResult, verdict: Verdict): string {
  return [
    `${scenario.name}: ${verdict.sound ? 'sound' : 'NOT SOUND'}`,
    `  ${result.requests} requests in ${result.seconds.toFixed(1)} s: ${result.admitted} admitted, ${result.refused} refused, ${result.failed} failed; ${result.calls.length} calls of the provider, ${verdict.untold} of them untold; ${JSON.stringify(result.statuses)}`,
    `  limit USD ${scenario.budgetUsd}, spent USD ${usd(verdict.spent)}, over it USD ${usd(verdict.over)}; bound USD ${usd(verdict.bound)}; largest estimate error USD ${usd(verdict.largestError)}, all of them USD ${usd(verdict.sumOfErrors)}`,
    `  refused with room for them at the end: ${verdict.refusedWithRoom}, of them with room at that moment: ${verdict.refusedFalsely} (the machine lagged by ${verdict.lagMs} ms)`,
  ].join('\n');
}

function usd(nanoUsd: number): string {
  return (nanoUsd / nanoPerUsd).toFixed(3);
}
