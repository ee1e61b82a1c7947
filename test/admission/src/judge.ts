import type { Spend } from './audit-spend.ts';
import { latencyMs, type BurstResult } from './run-burst.ts';
import type { Scenario } from './scenarios.ts';

export interface Verdict {
  readonly overspendNanoUsd: bigint;
  /** Σ over admitted requests of what one may use beyond its reservation. */
  readonly boundNanoUsd: bigint;
  /** Requests that were refused though the rest of the budget, at the end, would have held them. */
  readonly refusedWithRoom: number;
  /** Those of them for whom there was room at the moment of their refusal: not held by requests under way. */
  readonly refusedFalsely: number;
  readonly sound: boolean;
}

/** A refusal was decided this long before its answer came, at most, under such a load; a settlement is heard this long after its answer. */
const answerSlackMs = 300;
const settlementSlackMs = 100;
const nanoPerUsd = 1_000_000_000;

export function judge(scenario: Scenario, result: BurstResult, spend: Spend): Verdict {
  const limit = BigInt(Math.round(scenario.budgetUsd * nanoPerUsd));
  const overspendNanoUsd = spend.spentNanoUsd > limit ? spend.spentNanoUsd - limit : 0n;
  const boundNanoUsd = scenario.estimateErrorNanoUsd;
  const left = limit > spend.spentNanoUsd ? limit - spend.spentNanoUsd : 0n;
  // A request needs what is reserved for it; less than that is no room.
  const room = Number(left / scenario.reservedNanoUsd);
  const refusedWithRoom = Math.min(room, result.refused);
  const refusedFalsely = Math.min(refusedWithRoom, result.refusedAt.filter((at) => hadRoom(scenario, result, limit, at)).length);
  const sound = overspendNanoUsd <= boundNanoUsd && refusedFalsely === 0 && result.failed === 0 && result.calls === result.admitted;
  return { overspendNanoUsd, boundNanoUsd, refusedWithRoom, refusedFalsely, sound };
}

/** Whether, when an answer came that refused, what was spent by then and what was under way left room: seen from the client, with slack for the way of a settlement. */
function hadRoom(scenario: Scenario, { answeredAt }: BurstResult, limit: bigint, at: number): boolean {
  const decidedAt = at - answerSlackMs;
  const ended = answeredAt.filter((end) => end < decidedAt - settlementSlackMs).length;
  const underWay = answeredAt.filter((end) => end >= decidedAt - settlementSlackMs && end - latencyMs <= at).length;
  const taken = BigInt(ended) * scenario.dearestNanoUsd + BigInt(underWay) * scenario.reservedNanoUsd;
  return limit - taken >= scenario.reservedNanoUsd;
}

export function tell(scenario: Scenario, result: BurstResult, spend: Spend, verdict: Verdict): string {
  return [
    `${scenario.name}: ${verdict.sound ? 'sound' : 'NOT SOUND'}`,
    `  ${result.requests} requests in ${result.seconds.toFixed(1)} s: ${result.admitted} admitted, ${result.refused} refused, ${result.failed} failed; ${result.calls} calls of the provider, ${spend.ledgerRows} rows`,
    `  ${JSON.stringify(result.statuses)}`,
    `  limit USD ${scenario.budgetUsd}, spent USD ${usd(spend.spentNanoUsd)}, over it USD ${usd(verdict.overspendNanoUsd)}, bound USD ${usd(verdict.boundNanoUsd)}`,
    `  leased USD ${usd(spend.leasedNanoUsd)}, told as used USD ${usd(spend.usedNanoUsd)}; refused with room for them at the end: ${verdict.refusedWithRoom}, of them with room at that moment: ${verdict.refusedFalsely}`,
  ].join('\n');
}

function usd(nanoUsd: bigint): string {
  return (Number(nanoUsd) / nanoPerUsd).toFixed(3);
}
