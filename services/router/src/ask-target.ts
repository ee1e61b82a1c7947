import { type Envelope, SluiceError } from '@sluice/contracts';
import { attempt, type AttemptPlan, type AttemptResult } from './attempt.ts';
import { type AttemptFailure, isMisconfiguration } from './attempt-failure.ts';
import { attemptRace } from './attempt-race.ts';
import { CallHealth } from './call-health.ts';
import { type Endpoint, foreignAnswer } from './endpoints/endpoint.ts';
import { noRoomError } from './refusal.ts';
import { type Holding, usages } from './reservation/holding.ts';
import { maxCalls, type Run } from './run.ts';
import type { Target } from './target.ts';

/** A call's answer and who gave it, or why there is none. Failures are in the run's lists when it comes. */
export type Asked =
  | { readonly kind: 'answered'; readonly target: Target; readonly result: Exclude<AttemptResult, { kind: 'failed' }> }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure };

/**
 * Asks one target once; more than once only with another of its accounts, or where its interfaces had to be guessed.
 * @param others targets that a hedged call may go to
 */
export async function askTarget(run: Run, target: Target, others: readonly Target[]): Promise<Asked> {
  let asked = await askAccount(run, target, others);
  while (asked.kind === 'failed' && isAccounts(asked.failure) && run.attempts.length < maxCalls && hasAccount(run, target)) {
    asked = await askAccount(run, target, others);
  }
  return asked;
}

async function askAccount(run: Run, target: Target, others: readonly Target[]): Promise<Asked> {
  const { envelope, tools } = run;
  const { upstream } = target;
  const endpoints = target.endpoints[envelope.dialect] ?? [];
  const chosen = upstream.missing.choose(endpoints, tools.clock());
  if (chosen === undefined) return refused(run, target, dialectFailure(target, envelope));
  const guessed = upstream.adapter.guesses?.(upstream.config) === true;
  let asked = await callEndpoint(run, target, chosen, others);
  for (const endpoint of guessed ? endpoints.slice(endpoints.indexOf(chosen) + 1) : []) {
    if (asked.kind !== 'failed' || !lacksInterface(asked.failure)) return asked;
    const next = await callEndpoint(run, target, endpoint, others);
    // Where the next one fails alike it was no missing interface: a model that does not exist, for instance.
    if (next.kind !== 'failed' || !lacksInterface(next.failure)) upstream.missing.add(chosen.wire.format, tools.clock());
    asked = next;
  }
  return asked;
}

/** Servers say 404, 405 or 501 of a path that they do not have; a few answer whatever comes in the one format they know. */
function lacksInterface({ status, kind }: AttemptFailure): boolean {
  return status === 404 || status === 405 || status === 501 || kind === foreignAnswer;
}

/** The provider refuses the account, or has had enough of it: another account may do. */
function isAccounts({ status }: AttemptFailure): boolean {
  return isMisconfiguration(status) || status === 429;
}

function hasAccount(run: Run, { upstream }: Target): boolean {
  return upstream.accounts.has(run.tools.clock(), run.refusedAccounts);
}

async function callEndpoint(run: Run, target: Target, endpoint: Endpoint, others: readonly Target[]): Promise<Asked> {
  const { tools, watch, route } = run;
  const barred = run.holding === undefined ? undefined : await barredFrom(run, run.holding);
  if (barred !== undefined) return refused(run, target, barred);
  const plan = planOf(run, target, endpoint, 1);
  if ('failure' in plan) return refused(run, target, plan.failure);
  const now = tools.clock();
  route.hedge?.called(now);
  const afterMs = others.length === 0 ? undefined : route.hedge?.hedgeAfterMs(target.health.firstTokens, now);
  if (afterMs === undefined) return record(run, plan, await attempt(tools, watch, plan));
  const race = await attemptRace(tools, watch, plan, {
    afterMs,
    allowed: () => mayHedge(run, others),
    plan: () => hedgePlan(run, others),
  });
  if (race.other?.kind === 'failed') run.attempts.push(race.other.record);
  else if (race.other !== undefined)
    run.attempts.push(race.other.kind === 'stream' ? (race.other.ended() ?? race.other.begun) : race.other.record);
  return record(run, race.plan, race.result);
}

function record(run: Run, plan: AttemptPlan, result: AttemptResult): Asked {
  if (result.kind !== 'failed') return { kind: 'answered', target: plan.target, result };
  run.attempts.push(result.record);
  if (isAccounts(result.failure)) run.refusedAccounts.add(plan.account);
  return refused(run, plan.target, result.failure);
}

/** Why limits leave no room for a call: mostly they do, for the reservation is enough for one that nothing was used before. */
async function barredFrom({ route, attempts }: Run, holding: Holding): Promise<AttemptFailure | undefined> {
  const word = await holding.cover(route, usages(attempts));
  return word === 'granted' ? undefined : { kind: 'no_room', status: 0, disposition: 'final', error: noRoomError(word) };
}

/** A call beside one that runs holds as much again. It is asked for only where there is somebody to call. */
function mayHedge(
  { holding, route, attempts, tools, envelope, refusedAccounts }: Run,
  others: readonly Target[],
): boolean | Promise<boolean> {
  if (holding === undefined) return true;
  const now = tools.clock();
  const ready = others.some(({ health, endpoints, upstream }) => {
    const speaks = endpoints[envelope.dialect] !== undefined;
    return speaks && health.breaker.state(now) === 'closed' && upstream.accounts.has(now, refusedAccounts);
  });
  return ready && Promise.resolve(holding.cover(route, usages(attempts), 1)).then((word) => word === 'granted');
}

/** The second call of a race, where another target takes calls and the budget has one left. */
function hedgePlan(run: Run, others: readonly Target[]): AttemptPlan | undefined {
  const now = run.tools.clock();
  for (const other of others) {
    const endpoint = other.upstream.missing.choose(other.endpoints[run.envelope.dialect] ?? [], now);
    if (endpoint === undefined || other.health.breaker.state(now) !== 'closed' || !hasAccount(run, other)) continue;
    if (run.route.hedge?.tryHedge(now) !== true) return undefined;
    const plan = planOf(run, other, endpoint, 2);
    if (!('failure' in plan)) return plan;
  }
  return undefined;
}

/** @param place counts the calls that run together, from 1 */
function planOf(run: Run, target: Target, endpoint: Endpoint, place: number): AttemptPlan | { readonly failure: AttemptFailure } {
  const { envelope, tools, route } = run;
  const now = tools.clock();
  const encoded = encode(run, endpoint);
  if ('failure' in encoded) return encoded;
  const { breaker } = target.health;
  const { accounts } = target.upstream;
  // An account is taken only for a call that will be made: its turn is worth something.
  if (!breaker.admits(now)) return { failure: resting('breaker_open', breaker.admitsFrom(now) - now) };
  const account = accounts.take(now, run.refusedAccounts);
  if (account === undefined) return { failure: resting('no_credentials', accounts.availableFrom(now) - now) };
  const ticket = breaker.begin(now);
  if (ticket === undefined) return { failure: resting('breaker_open', breaker.admitsFrom(now) - now) };
  const health = new CallHealth(target, account, ticket, tools.report, envelope.id);
  const ordinal = run.attempts.length + place;
  const id = `${run.watch.attempt}.${ordinal}`;
  return { target, account, endpoint, encoded, envelope, retries: route.model.retries, ordinal, id, health, limit: limitOf(run) };
}

function limitOf({ holding, route, envelope }: Run): AttemptPlan['limit'] {
  const allowance = envelope.stream ? holding?.stream(route) : undefined;
  return holding === undefined || allowance === undefined ? undefined : { allowance, inputTokens: holding.inputTokens };
}

/** A request that the target's format cannot express fails here, before any call. */
function encode(run: Run, endpoint: Endpoint): ReturnType<Endpoint['encode']> | { readonly failure: AttemptFailure } {
  try {
    return endpoint.encode(run.body, run.envelope);
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    return { failure: { kind: 'unsupported_feature', status: 0, disposition: 'next', error: thrown } };
  }
}

/** Nothing is asked of the target for now. */
function resting(kind: string, retryAfterMs: number): AttemptFailure {
  return { kind, status: 0, disposition: 'next', retryAfterMs };
}

function refused(run: Run, target: Target, failure: AttemptFailure): Asked {
  run.failed.push({ provider: target.config.provider, failure });
  return { kind: 'failed', failure };
}

function dialectFailure(target: Target, { model, dialect }: Envelope): AttemptFailure {
  const message = `Model "${model}" is served by "${target.config.provider}", which has no interface for the format ${dialect}.`;
  return { kind: 'unsupported_dialect', status: 0, disposition: 'next', error: new SluiceError('unsupported_feature', message) };
}
