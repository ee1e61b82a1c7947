import type { Rule } from './plan.ts';

/** A value that a rule found; offsets in UTF-16 units. */
export interface Entity {
  readonly rule: Rule;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** Scores from here on rest on a checksum or an unmistakable form, and win against any guess. */
const certain = 0.85;

function isCertain(entity: Entity): number {
  return entity.score >= certain ? 1 : 0;
}

function isAllowed(entity: Entity): number {
  return entity.rule.action === 'allow' ? 1 : 0;
}

/**
 * Order of preference: the certain before guesses, what is to be hidden before what is allowed (a masked address inside
 * an allowed URL is still masked), then the longest, the likeliest, the first, and the type's name, so that the result
 * never depends on the order of the policy.
 */
function prefer(a: Entity, b: Entity): number {
  return (
    isCertain(b) - isCertain(a) ||
    isAllowed(a) - isAllowed(b) ||
    b.end - b.start - (a.end - a.start) ||
    b.score - a.score ||
    a.start - b.start ||
    (a.rule.type < b.rule.type ? -1 : 1)
  );
}

/** Leaves entities that do not overlap, in the order of the text. Sorting dominates: n log n in the number of entities. */
export function resolveOverlaps(entities: readonly Entity[]): Entity[] {
  if (entities.length < 2) return [...entities];
  const inOrder = [...entities].sort((a, b) => a.start - b.start || b.end - a.end);
  const kept: Entity[] = [];
  let cluster: Entity[] = [];
  let end = -1;
  for (const entity of inOrder) {
    if (entity.start >= end) {
      kept.push(...resolveCluster(cluster));
      cluster = [];
    }
    cluster.push(entity);
    end = Math.max(end, entity.end);
  }
  kept.push(...resolveCluster(cluster));
  return kept;
}

/** Entities of one cluster are linked by overlaps; a recogniser's own never overlap, so clusters stay small. */
function resolveCluster(cluster: Entity[]): Entity[] {
  if (cluster.length < 2) return cluster;
  const kept: Entity[] = [];
  for (const entity of cluster.sort(prefer)) {
    if (kept.every((other) => entity.end <= other.start || entity.start >= other.end)) kept.push(entity);
  }
  return kept.sort((a, b) => a.start - b.start);
}
