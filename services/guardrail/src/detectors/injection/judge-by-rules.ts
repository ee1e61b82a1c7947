import { rules } from './rules.ts';
import type { RuleHit } from './rule-matcher.ts';
import type { InjectionCategory } from './rules.ts';

/** Rules that stand within this many units belong to one attempt. */
const ruleReach = 400;
/** What remains of a rule's weight in prose about attacks: quotations are the rule there. */
const aboutShare = 0.45;
const aboutRule = rules.findIndex((rule) => rule.name === 'about-attacks');

/** How likely a text is an attack, of which kind, and the folded stretch that says so. */
export interface Judged {
  readonly score: number;
  readonly start: number;
  readonly end: number;
  readonly category: InjectionCategory;
}

/** The strongest neighbourhood of rules, each counted once, joined by noisy-or: independent causes, any of which suffices. */
export function judgeByRules(hits: readonly RuleHit[]): Judged {
  const about = hits.some((hit) => hit.rule === aboutRule);
  let best: Judged = { score: 0, start: 0, end: 0, category: 'prompt_injection' };
  for (let first = 0; first < hits.length; first++) {
    const anchor = hits[first];
    if (anchor === undefined) continue;
    let missing = 1;
    let seen = 0;
    let { end } = anchor;
    let strongest = anchor.rule;
    for (let index = first; index < hits.length; index++) {
      const hit = hits[index];
      if (hit === undefined || hit.start > anchor.start + ruleReach) break;
      if (hit.end > end) end = hit.end;
      if ((seen & (1 << hit.rule)) !== 0) continue;
      seen |= 1 << hit.rule;
      missing *= 1 - (rules[hit.rule]?.weight ?? 0) * (about ? aboutShare : 1);
      if ((rules[hit.rule]?.weight ?? 0) > (rules[strongest]?.weight ?? 0)) strongest = hit.rule;
    }
    if (1 - missing > best.score)
      best = { score: 1 - missing, start: anchor.start, end, category: rules[strongest]?.category ?? 'prompt_injection' };
  }
  return best;
}
