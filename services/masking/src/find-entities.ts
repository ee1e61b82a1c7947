import { setImmediate } from 'node:timers/promises';
import { liftScore } from './context-words.ts';
import type { MaskingPlan } from './plan.ts';
import type { Entity } from './resolve-overlaps.ts';
import { readFeatures } from './text-features.ts';

/** Texts are searched in windows of this many characters, with a pause for the event loop after each full one. */
const windowCharacters = 64 * 1024;

/** Characters around a window that are searched with it, longer than any value, so that a border cuts none. */
const marginCharacters = 4096;

/** Everything the plan's recognisers find, weak and overlapping values included. Pauses only in texts longer than a window. */
export function findEntities(text: string, plan: MaskingPlan): Entity[] | Promise<Entity[]> {
  return text.length <= windowCharacters ? search(text, plan) : searchLong(text, plan);
}

async function searchLong(text: string, plan: MaskingPlan): Promise<Entity[]> {
  const found: Entity[] = [];
  for (let from = 0; from < text.length; from += windowCharacters) {
    const offset = Math.max(0, from - marginCharacters);
    const to = from + windowCharacters;
    for (const entity of search(text.slice(offset, to + marginCharacters), plan)) {
      const start = entity.start + offset;
      if (start >= from && start < to) found.push({ ...entity, start, end: entity.end + offset });
    }
    await setImmediate();
  }
  return found;
}

function search(text: string, plan: MaskingPlan): Entity[] {
  const features = readFeatures(text);
  const found: Entity[] = [];
  for (const rule of plan.rules) {
    if (!rule.recogniser.mayOccur(features)) continue;
    for (const { start, end, score } of rule.recogniser.find(text)) {
      found.push({ rule, start, end, score: liftScore(score, rule.context, text, start) });
    }
  }
  return found;
}
