import { defineStage, forward, type Outcome, type Stage, type StageRequest } from '@sluice/bus';
import { isRecord, type CacheDirectives, type Envelope, type Found, type GuardRun } from '@sluice/contracts';
import type { Entry } from './entry.ts';
import type { ExactCache } from './exact-cache.ts';
import type { CacheMetrics } from './metrics.ts';
import type { CompiledPolicy, PolicyTable } from './policy-table.ts';
import { splitQuestion } from './question.ts';
import { replay } from './replay.ts';
import { exactKey, isSelfContained, semanticScope } from './request-identity.ts';
import type { SemanticCache, SemanticTicket } from './semantic/semantic-cache.ts';
import type { CacheSettings } from './settings.ts';
import type { JsonMembers } from './json-members.ts';

export interface CacheStageParts {
  readonly settings: CacheSettings;
  readonly policies: PolicyTable;
  readonly exact: ExactCache;
  /** Undefined: exact only, because the vector extension is missing or not yet looked for. */
  readonly semantic: () => SemanticCache | undefined;
  readonly metrics: CacheMetrics;
  readonly clock: () => number;
}
type State = NonNullable<Found['cache']>['state'];

/** One lookup: what it asks, and where an answer to it may be stored. */
interface Question {
  readonly envelope: Envelope;
  readonly policy: CompiledPolicy;
  readonly body: JsonMembers;
  readonly key: Buffer;
  readonly hex: string;
  readonly ttlSeconds: number;
}

/** What goes along with a request that was not answered here. */
interface Passed {
  readonly question?: Question;
  readonly ticket?: SemanticTicket;
  readonly guards?: readonly GuardRun[] | undefined;
}

/** Said of a request whose policy asks for the semantic cache where the database cannot hold one. */
const semanticUnsupported: readonly GuardRun[] = [{ guard: 'cache.semantic', ran: false, reason: 'unsupported' }];

/** Answers from the cache, or passes the request on with the key under which its answer may be stored. Never refuses. */
export function createStage(parts: CacheStageParts): Stage {
  return defineStage({
    name: 'cache',
    version: '1.0.0',
    description: 'Exact and semantic cache of answers, scoped to a tenant',
    concurrency: parts.settings.SLUICE_CACHE_CONCURRENCY,
    queueLimit: parts.settings.SLUICE_CACHE_CONCURRENCY * 4,
    handle: (request) => handle(parts, request).catch(() => pass(parts, 'bypass')), // a body that cannot be read is for later stages to refuse
  });
}

async function handle(parts: CacheStageParts, { envelope, body }: StageRequest): Promise<Outcome> {
  if (envelope.dialect === 'anthropic-count-tokens') return pass(parts, 'bypass'); // costs nothing, and is no answer
  const policy = parts.policies.find(envelope.principal.policy, envelope.model);
  const ttlSeconds = policy === undefined ? 0 : lifetime(parts.settings, policy, envelope.cache);
  if (
    policy === undefined ||
    ttlSeconds <= 0 ||
    !isWanted(policy, envelope.cache) ||
    body.byteLength > parts.settings.SLUICE_CACHE_MAX_REQUEST_BYTES
  ) {
    return pass(parts, 'bypass');
  }
  const parsed = await body.json();
  if (!isRecord(parsed) || !isSelfContained(parsed)) return pass(parts, 'bypass');
  const key = exactKey(envelope, policy, parsed);
  return answer(parts, { envelope, policy, body: parsed, key, hex: key.toString('hex'), ttlSeconds });
}

async function answer(parts: CacheStageParts, question: Question): Promise<Outcome> {
  const { envelope, policy, key, hex } = question;
  const asked = envelope.cache.noLookup !== true;
  let state: State = asked ? 'miss' : 'bypass';
  if (asked && policy.cache.exact) {
    const found = parts.exact.find(key, hex);
    const lookup = found instanceof Promise ? await found : found;
    if (lookup === 'unavailable') state = 'bypass';
    else if (lookup !== 'absent' && isFresh(parts, envelope.cache, lookup)) return serve(parts, question, lookup, 'hit');
  }
  const wanted = usesSemantic(policy);
  const semantic = wanted ? parts.semantic() : undefined;
  const guards = wanted && semantic === undefined ? semanticUnsupported : undefined;
  const split =
    semantic === undefined
      ? undefined
      : splitQuestion(envelope.dialect, question.body, parts.settings.SLUICE_CACHE_SEMANTIC_MAX_CHARACTERS);
  if (semantic === undefined || split === undefined) return pass(parts, state, { question, guards });
  const scope = semanticScope(envelope, policy, split.rest);
  const ticket = { scope: scope.toString('hex'), question: split.question };
  if (state === 'bypass') return pass(parts, state, { question, ticket });
  const match = await semantic.find({ scope, question: split.question, threshold: envelope.cache.threshold });
  if (match !== undefined) {
    const lookup = await parts.exact.find(match.key, match.key.toString('hex'));
    if (typeof lookup !== 'string' && isFresh(parts, envelope.cache, lookup))
      return serve(parts, question, lookup, 'semantic', match.similarity);
  }
  return pass(parts, state, { question, ticket });
}

function serve(parts: CacheStageParts, { envelope, body }: Question, entry: Entry, state: State, similarity?: number): Outcome {
  parts.metrics.outcome(state);
  const ageSeconds = Math.max(0, Math.floor((parts.clock() - entry.storedAt) / 1_000));
  return replay(entry, envelope, asksForUsage(body), { state, ageSeconds, ...(similarity === undefined ? {} : { similarity }) });
}

/** `storeKey` tells ingress that the answer may be stored; a bypass by request or policy names none. */
function pass(parts: CacheStageParts, state: State, { question, ticket, guards }: Passed = {}): Outcome {
  parts.metrics.outcome(state);
  const found: Found['cache'] = {
    state,
    ...(question === undefined ? {} : { storeKey: question.hex, ttlSeconds: question.ttlSeconds }),
    ...(ticket === undefined ? {} : { ticket: { ...ticket } }),
  };
  return forward({ found, ...(guards === undefined ? {} : { guards }) });
}

function isWanted({ cache }: CompiledPolicy, directives: CacheDirectives): boolean {
  return (cache.exact || cache.semantic) && directives.noStore !== true;
}

/** A policy that allows no wrong answer cannot be served by likeness. */
function usesSemantic({ cache }: CompiledPolicy): boolean {
  return cache.semantic && cache.maxErrorRate > 0;
}

function lifetime(settings: CacheSettings, policy: CompiledPolicy, directives: CacheDirectives): number {
  return Math.min(directives.ttlSeconds ?? Math.ceil(policy.cache.ttl / 1_000), settings.SLUICE_CACHE_MAX_TTL_SECONDS);
}

function isFresh(parts: CacheStageParts, { maxAgeSeconds }: CacheDirectives, entry: Entry): boolean {
  return maxAgeSeconds === undefined || parts.clock() - entry.storedAt <= maxAgeSeconds * 1_000;
}

function asksForUsage(body: JsonMembers): boolean {
  const options = body.stream_options;
  return isRecord(options) && options.include_usage === true;
}
