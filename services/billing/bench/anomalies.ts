/**
 * Back-test of the anomaly watch on made-up keys: five weeks to learn from, then a month with planted anomalies, minute by minute through the
 * product's own detector. Run: `npm run anomalies -- [keys] [development]`; `development` is the world in which its constants were chosen.
 */
import { backTest } from '../src/anomalies/back-test/back-test.ts';
import { quantile, type Score } from '../src/anomalies/back-test/score-alerts.ts';
import { developmentWorld, testWorld } from '../src/anomalies/back-test/synthetic-world.ts';

const keys = Number(process.argv[2] ?? 200);
const isDevelopment = process.argv.includes('development');

const percent = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(0)} %`);
const delay = ({ delays }: Score): string => (delays.length === 0 ? '-' : `${quantile(delays, 0.5)} / ${quantile(delays, 0.95)}`);
const row = (...cells: readonly (string | number)[]): void => {
  console.log(`| ${cells.join(' | ')} |`);
};
const scored = (name: string, score: Score): void => {
  const { planted, found, falseAlarms } = score;
  row(name, planted, percent(found, planted), percent(found, found + falseAlarms), delay(score), (falseAlarms / score.keys).toFixed(3));
};

const startedAt = performance.now();
const { overall, byPlanted, byKind, rules } = backTest(isDevelopment ? developmentWorld : testWorld, keys);
console.log(`${keys} keys of the ${isDevelopment ? 'development' : 'test'} world, a month each after five weeks of history\n`);
row('planted', 'number', 'found (recall)', 'minutes to the alert, p50 / p95');
row('---', '---', '---', '---');
for (const [kind, score] of byPlanted) row(kind, score.planted, percent(score.found, score.planted), delay(score));
console.log();
row('keys', 'planted', 'recall', 'precision', 'minutes to the alert, p50 / p95', 'false alarms a key and month');
row('---', '---', '---', '---', '---', '---');
scored('all', overall);
for (const [kind, score] of byKind) scored(kind, score);
console.log();
row('rule, on use alone', 'planted', 'recall', 'precision', 'minutes to the alert, p50 / p95', 'false alarms a key and month');
row('---', '---', '---', '---', '---', '---');
for (const [name, score] of rules) scored(name, score);
console.log(`\n${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
