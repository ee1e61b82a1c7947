import type { Example } from './prepare.ts';

interface Scored {
  readonly example: Pick<Example, 'source' | 'attack'>;
  readonly score: number;
}

/** Logit that the given share of benign texts reaches. */
export function quantileOfBenign(scored: readonly Scored[], share: number): number {
  const benign = scored
    .filter(({ example }) => !example.attack)
    .map(({ score }) => score)
    .sort((left, right) => right - left);
  return benign[Math.floor(benign.length * share)] ?? 0;
}

/** AUC, recall at 1 % false positives and, at that threshold, the share of each source that is caught. */
export function evaluate(scored: readonly Scored[]): string {
  const threshold = quantileOfBenign(scored, 0.01);
  const attacks = scored.filter(({ example }) => example.attack);
  const bySource = new Map<string, { attack: boolean; caught: number; all: number }>();
  for (const { example, score } of scored) {
    const entry = bySource.get(example.source + (example.attack ? ' +' : ' -')) ?? { attack: example.attack, caught: 0, all: 0 };
    entry.all++;
    if (score > threshold) entry.caught++;
    bySource.set(example.source + (example.attack ? ' +' : ' -'), entry);
  }
  const lines = [...bySource]
    .sort()
    .map(([source, { caught, all }]) => `${source.padEnd(34)} ${caught}/${all} ${(caught / all).toFixed(3)}`);
  const recall = attacks.filter(({ score }) => score > threshold).length / attacks.length;
  return [...lines, `auc ${auc(scored).toFixed(4)} recall@1%fpr ${recall.toFixed(4)} threshold ${threshold.toFixed(3)}`].join('\n');
}

function auc(scored: readonly Scored[]): number {
  const sorted = [...scored].sort((left, right) => left.score - right.score);
  let ranks = 0;
  let attacks = 0;
  sorted.forEach(({ example }, index) => {
    if (!example.attack) return;
    ranks += index + 1;
    attacks++;
  });
  return (ranks - (attacks * (attacks + 1)) / 2) / (attacks * (sorted.length - attacks));
}
