import { anomaliesSchema } from '@sluice/contracts';
import { sensitivityOf } from '../sensitivity.ts';
import { runKey } from './run-key.ts';
import { emptyScore, scoreAlerts, scoresByPlanted, type Score } from './score-alerts.ts';
import { dailyDeviation, fixedThreshold } from './simple-rules.ts';
import { keyKinds, type KeyKind, type Span } from './key-rates.ts';
import type { PlantedKind } from './planted-anomaly.ts';
import { makeKey } from './synthetic-key.ts';
import type { World } from './synthetic-world.ts';

/** Share of the keys into which something is planted. */
const planting = 0.75;
/** The month of the test; the clocks change in it, in both worlds. */
const monthStart = Date.parse('2026-10-12T00:00:00Z') / 3_600_000;
const historyHours = 35 * 24;
const span: Span = { firstHour: monthStart - historyHours, hours: historyHours + 30 * 24, historyHours };

export interface BackTest {
  readonly overall: Score;
  readonly byPlanted: ReadonlyMap<PlantedKind, Score>;
  readonly byKind: ReadonlyMap<KeyKind, Score>;
  /** Simple rules on the same keys; they see use only, so what was planted in errors and refusals is not held against them. */
  readonly rules: ReadonlyMap<string, Score>;
}

/** Runs the product's detector, with its default configuration, over so many keys of a world: five weeks to learn from, a month that counts. */
export function backTest(world: World, keys: number): BackTest {
  const sensitivity = sensitivityOf(anomaliesSchema.parse({}));
  const overall = emptyScore();
  const byPlanted = scoresByPlanted();
  const byKind = new Map(keyKinds.map((kind) => [kind, emptyScore()]));
  const watched = emptyScore();
  const fixed = emptyScore();
  const daily = emptyScore();
  for (let number = 0; number < keys; number += 1) {
    const key = makeKey(world, span, number, planting);
    const { planted, kind } = key;
    const alerts = runKey(key, span, sensitivity);
    const ofKind = byKind.get(kind);
    const scores = ofKind === undefined ? [overall] : [overall, ofKind];
    scoreAlerts(planted, alerts, span, scores, planted === undefined ? undefined : byPlanted.get(planted.kind));
    const inUse = planted?.kind.endsWith('storm, 50 %') === true ? undefined : planted;
    if (planted !== undefined && inUse === undefined) continue;
    const usage = alerts.filter(({ family }) => family === 'usage');
    scoreAlerts(inUse, usage, span, [watched]);
    scoreAlerts(inUse, fixedThreshold(key, span), span, [fixed]);
    scoreAlerts(inUse, dailyDeviation(key, span), span, [daily]);
  }
  const rules = new Map([
    ['the watch', watched],
    ['hour above twice the highest seen', fixed],
    ['day above mean + 3 standard deviations', daily],
  ]);
  return { overall, byPlanted, byKind, rules };
}
