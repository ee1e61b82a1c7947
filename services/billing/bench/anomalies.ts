/**
 * Back-test of the anomaly watch on made-up keys: five weeks to learn from, then a month with planted anomalies, minute by minute through the
 * product's own detector. Run: `npm run anomalies -- [keys] [development]`.
 */
import { anomaliesSchema } from '@sluice/contracts';
import { runKey } from '../src/anomalies/back-test/run-key.ts';
import { emptyScore, quantile, scoreAlerts, scoresByPlanted, type Score } from '../src/anomalies/back-test/score-alerts.ts';
import { keyKinds, makeKey, type Span } from '../src/anomalies/back-test/synthetic-key.ts';
import { developmentWorld, testWorld } from '../src/anomalies/back-test/synthetic-world.ts';
import { sensitivityOf } from '../src/anomalies/sensitivity.ts';

const keys = Number(process.argv[2] ?? 200);
const world = process.argv.includes('development') ? developmentWorld : testWorld;
const planting = 0.75;
/** The month has a change of the clocks in both worlds. */
const monthStart = Date.parse('2026-10-12T00:00:00Z') / 3_600_000;
const span: Span = { firstHour: monthStart - 35 * 24, hours: (35 + 30) * 24, historyHours: 35 * 24 };
const sensitivity = sensitivityOf(anomaliesSchema.parse({}));

const overall = emptyScore();
const byPlanted = scoresByPlanted();
const byKind = new Map(keyKinds.map((kind) => [kind, emptyScore()]));
const startedAt = performance.now();
for (let number = 0; number < keys; number += 1) {
  const key = makeKey(world, span, number, planting);
  const ofKind = byKind.get(key.kind);
  const alerts = runKey(key, span, sensitivity);
  const scores = ofKind === undefined ? [overall] : [overall, ofKind];
  scoreAlerts(key.planted, alerts, span, scores, key.planted === undefined ? undefined : byPlanted.get(key.planted.kind));
  if (process.argv.includes('verbose')) {
    const { planted } = key;
    const missed = planted !== undefined && !alerts.some((a) => a.minute >= planted.from && a.minute <= planted.to + 60);
    if (missed) console.log('MISS', number, key.kind, planted);
    for (const a of alerts) {
      if (a.minute < span.historyHours * 60) continue;
      if (planted !== undefined && a.minute >= planted.from && a.minute <= planted.to + 60) continue;
      console.log(
        'FALSE',
        number,
        key.kind,
        a.family,
        a.metric,
        a.windowMinutes,
        'obs',
        a.observed.toPrecision(3),
        'exp',
        a.expected.toPrecision(3),
        new Date(monthStart * 3.6e6 + (a.minute - span.historyHours * 60) * 60000).toISOString(),
        JSON.stringify(planted),
      );
    }
  }
}

const percent = (part: number, whole: number) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(0)} %`);
const line = (name: string, score: Score, withPlanted: boolean) => {
  const { planted, found, falseAlarms, delays } = score;
  const delay = delays.length === 0 ? '-' : `${quantile(delays, 0.5)} / ${quantile(delays, 0.95)}`;
  console.log(
    `| ${name.padEnd(38)} | ${String(planted).padStart(7)} | ${percent(found, planted).padStart(6)} | ${withPlanted ? '' : percent(found, found + falseAlarms)} | ${delay.padStart(9)} | ${withPlanted ? '' : (falseAlarms / score.keys).toFixed(3)} |`,
  );
};
line('all', overall, false);
for (const [kind, score] of byPlanted) line(kind, score, true);
for (const [kind, score] of byKind) line(kind, score, false);
console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
