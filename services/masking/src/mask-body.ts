import type { Dialect, UnmaskTable } from '@sluice/contracts';
import { collectTexts, replaceTexts } from '@sluice/dialects';
import { setImmediate } from 'node:timers/promises';
import { findEntities } from './find-entities.ts';
import { collectIdentifiers, replaceIdentifierFields } from './identifier-fields.ts';
import { applyReplacements, findKnownValues, type Replacement } from './known-values.ts';
import { Placeholders } from './placeholders.ts';
import type { MaskingAction, MaskingPlan } from './plan.ts';
import { resolveOverlaps, type Entity } from './resolve-overlaps.ts';

/** How often each type was found, by the action that its policy takes. */
export type EntityCounts = Readonly<Record<MaskingAction, Readonly<Record<string, number>>>>;

export interface MaskedBody {
  /** The body that was given where nothing was replaced. */
  readonly body: unknown;
  readonly table: UnmaskTable;
  readonly counts: EntityCounts;
}

/** Characters searched before the event loop gets its turn. */
const pauseAfterCharacters = 64 * 1024;

interface Found {
  /** What passes the policy's score, not overlapping. */
  readonly accepted: readonly Entity[];
  /** The rest: counts only where the same value is accepted elsewhere. */
  readonly weak: readonly Entity[];
}

const nothing: Found = { accepted: [], weak: [] };

/** Replaces every value of every text of a body. Where `counts.block` is not empty the request is to be refused and the body is as it came. */
export async function maskBody(dialect: Dialect, body: unknown, plan: MaskingPlan): Promise<MaskedBody> {
  const texts = collectTexts(dialect, body).map((segment) => segment.text);
  // Whether a dialect counts these among its texts is its own affair: none is counted twice.
  const identifiers = collectIdentifiers(body).filter((identifier) => !texts.includes(identifier));
  const all = identifiers.length === 0 ? texts : [...texts, ...identifiers];
  const found = await findInAll(all, plan);
  const counts = countEntities(all, found);
  if (isEmpty(counts.mask) || !isEmpty(counts.block)) return { body, table: {}, counts };

  const placeholders = new Placeholders();
  for (const text of all) placeholders.reserve(text);
  for (const text of all) {
    for (const { rule, start, end } of found.get(text)?.accepted ?? []) {
      if (rule.action === 'mask') placeholders.assign(rule.type, text.slice(start, end));
    }
  }
  const replaced = new Map<string, string>();
  const replace = (text: string): string => {
    let result = replaced.get(text);
    if (result === undefined) {
      result = applyReplacements(text, replacementsIn(text, found.get(text) ?? nothing, placeholders));
      replaced.set(text, result);
    }
    return result;
  };
  // Identifiers first: afterwards they hold nothing that a dialect's own walk would find.
  const withIdentifiers = replaceIdentifierFields(body, (text) => withoutBrackets(text, replace(text)));
  return { body: replaceTexts(dialect, withIdentifiers, (segment) => replace(segment.text)), table: placeholders.table(), counts };
}

async function findInAll(texts: readonly string[], plan: MaskingPlan): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  let sincePause = 0;
  for (const text of texts) {
    if (text.length < 4 || found.has(text)) continue;
    const searched = findEntities(text, plan);
    const entities = Array.isArray(searched) ? searched : await searched;
    if (entities.length > 0) found.set(text, judge(entities, plan.minScore));
    sincePause += text.length;
    if (sincePause < pauseAfterCharacters) continue;
    sincePause = 0;
    await setImmediate();
  }
  return found;
}

/** Parts what the policy's score admits from what it does not. */
export function judge(entities: readonly Entity[], minScore: number): Found {
  const accepted = resolveOverlaps(entities.filter((entity) => entity.score >= minScore));
  return { accepted, weak: entities.filter((entity) => entity.score < minScore) };
}

function replacementsIn(text: string, { accepted, weak }: Found, placeholders: Placeholders): Replacement[] {
  const replacements = findKnownValues(text, placeholders);
  for (const { rule, start, end } of [...accepted, ...weak]) {
    const placeholder = rule.action === 'mask' ? placeholders.of(text.slice(start, end)) : undefined;
    if (placeholder !== undefined) replacements.push({ start, end, placeholder });
  }
  return replacements;
}

function countEntities(texts: readonly string[], found: ReadonlyMap<string, Found>): EntityCounts {
  const counts: Record<MaskingAction, Record<string, number>> = { mask: {}, block: {}, allow: {} };
  if (found.size === 0) return counts;
  for (const text of texts) {
    for (const { rule } of found.get(text)?.accepted ?? []) {
      const ofAction = counts[rule.action];
      ofAction[rule.type] = (ofAction[rule.type] ?? 0) + 1;
    }
  }
  return counts;
}

function isEmpty(record: Readonly<Record<string, number>>): boolean {
  return Object.keys(record).length === 0;
}

/** Names of participants may not hold `<` and `>`; nothing is ever restored in them, so the bare form does. */
function withoutBrackets(before: string, after: string): string {
  return before === after ? before : after.replace(/<([A-Z][A-Z0-9_]*_\d+)>/g, '$1');
}
