import { hash } from 'node:crypto';
import { isRecord, type Dialect, type Envelope } from '@sluice/contracts';
import { canonicalJson } from './canonical-json.ts';
import { decidingValues } from './deciding-facts.ts';
import type { CompiledPolicy } from './policy-table.ts';

/** Counted up when the key's ingredients or the stored form change: old rows are then never found and expire. */
const schemaVersion = 2;

/** Members that change how an answer is delivered, billed or labelled, but not what it says; `model` may be an alias of what the envelope names. */
const deliveryMembers: ReadonlySet<string> = new Set([
  'model',
  'stream',
  'stream_options',
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
]);

/** Members whose answer depends on state that the provider holds, and that no key could name. */
const statefulMembers = ['previous_response_id', 'conversation', 'background', 'container'] as const;

/** Of a response that is kept at the provider, its id may be asked of later; one that is not kept cannot stand for it. */
const responsesMembers: ReadonlySet<string> = new Set([...deliveryMembers].filter((member) => member !== 'store'));

/** Whether the answer is a function of the body alone, so that it may be shared at all. */
export function isSelfContained(body: Readonly<Record<string, unknown>>): boolean {
  if (isRecord(body.prompt)) return false; // a prompt that stands at the provider
  if (Array.isArray(body.input) && body.input.some((item) => isRecord(item) && item.type === 'item_reference')) return false;
  return statefulMembers.every((member) => body[member] === undefined || body[member] === null || body[member] === false);
}

function membersLeftOut(dialect: Dialect): ReadonlySet<string> {
  return dialect === 'openai-responses' ? responsesMembers : deliveryMembers;
}

/**
 * SHA-256 over everything that an answer depends on. Organisation, team, namespace and policy stand in a JSON array,
 * so that no choice of names can make two tenants' keys meet.
 */
export function exactKey(envelope: Envelope, policy: CompiledPolicy, body: unknown): Buffer {
  return hash('sha256', prefix('exact', envelope, policy) + canonicalJson(body, membersLeftOut(envelope.dialect)), 'buffer');
}

/** Like {@link exactKey}, over the body without its last user turn: inside it, and only there, similarity is judged. */
export function semanticScope(envelope: Envelope, policy: CompiledPolicy, bodyWithoutQuestion: unknown): Buffer {
  return hash(
    'sha256',
    prefix('semantic', envelope, policy) + canonicalJson(bodyWithoutQuestion, membersLeftOut(envelope.dialect)),
    'buffer',
  );
}

function prefix(kind: string, envelope: Envelope, policy: CompiledPolicy): string {
  const { principal, cache, dialect, model } = envelope;
  const team = policy.cache.scope === 'team' ? principal.team : null;
  return JSON.stringify([
    schemaVersion,
    kind,
    principal.organization,
    team,
    cache.namespace ?? null,
    principal.policy,
    policy.fingerprint,
    dialect,
    model,
    ...(policy.deciding === undefined ? [] : decidingValues(envelope, policy.deciding)),
  ]);
}
