import type { MaskResponse } from '@sluice/contracts';
import { findEntities } from './find-entities.ts';
import { applyReplacements } from './known-values.ts';
import { judge } from './mask-body.ts';
import { Placeholders } from './placeholders.ts';
import type { MaskingPlan } from './plan.ts';

/** Masks one text, as the check route shows it: what the policy would block is masked here and listed too. */
export async function maskText(text: string, plan: MaskingPlan): Promise<MaskResponse> {
  const accepted = judge(await findEntities(text, plan), plan.minScore).accepted.filter(({ rule }) => rule.action !== 'allow');
  const placeholders = new Placeholders();
  placeholders.reserve(text);
  const replacements = accepted.map(({ rule, start, end }) => ({
    start,
    end,
    placeholder: placeholders.assign(rule.type, text.slice(start, end)),
  }));
  return {
    text: applyReplacements(text, replacements),
    entities: accepted.map(({ rule, start, end, score }) => ({ type: rule.type, start, end, score })),
  };
}
