import type { Family } from '../key-news.ts';
import type { Span } from './key-rates.ts';
import { plantedKinds, type Planted, type PlantedKind } from './planted-anomaly.ts';

/** An alert of any detector; minutes from the start of the series. */
export interface Alert {
  readonly family: Family;
  readonly minute: number;
}

/** An alert so many minutes after the end of what was planted is still about it: windows look back. */
const lateMinutes = 60;
const minutesPerHour = 60;

const familyOf = (kind: PlantedKind): Family =>
  kind === 'error storm, 50 %' ? 'errors' : kind === 'refusal storm, 50 %' ? 'refusals' : 'usage';

export interface Score {
  keys: number;
  planted: number;
  found: number;
  falseAlarms: number;
  delays: number[];
}

export const emptyScore = (): Score => ({ keys: 0, planted: 0, found: 0, falseAlarms: 0, delays: [] });

/** Adds a key's alerts in the month of the test to the scores: of all, by what was planted, by the kind of key. */
export function scoreAlerts(
  planted: Planted | undefined,
  alerts: readonly Alert[],
  span: Span,
  scores: readonly Score[],
  ofPlanted?: Score,
): void {
  const month = alerts.filter(({ minute }) => minute >= span.historyHours * minutesPerHour);
  const about = ({ minute }: Alert) => planted !== undefined && minute >= planted.from && minute <= planted.to + lateMinutes;
  const hit = planted === undefined ? undefined : month.find((alert) => about(alert) && alert.family === familyOf(planted.kind));
  for (const score of scores) {
    score.keys += 1;
    score.falseAlarms += month.filter((alert) => !about(alert)).length;
  }
  for (const score of ofPlanted === undefined ? scores : [...scores, ofPlanted]) {
    if (planted === undefined) continue;
    score.planted += 1;
    if (hit === undefined) continue;
    score.found += 1;
    score.delays.push(hit.minute - planted.from);
  }
}

export function scoresByPlanted(): Map<PlantedKind, Score> {
  return new Map(plantedKinds.map((kind) => [kind, emptyScore()]));
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}
