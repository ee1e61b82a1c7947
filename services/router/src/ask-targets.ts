import type { AttemptFailure } from './attempt-failure.ts';
import { type Asked, askTarget } from './ask-target.ts';
import { backoffMs } from './backoff.ts';
import { maxCalls, type Run } from './run.ts';
import type { Target } from './target.ts';

/** A target that may be asked again, and not before when. */
interface Candidate {
  readonly target: Target;
  readonly notBefore: number;
}

/**
 * Asks the targets in their order, each once; then, after a pause, those again that may do better. Another target is asked
 * before the same one is asked twice: it answers now, and not after a pause (decision 16).
 * @returns undefined where none answered: the run says why
 */
export async function askTargets(run: Run, targets: readonly Target[]): Promise<Extract<Asked, { kind: 'answered' }> | undefined> {
  const { tools, route } = run;
  route.retryBudget.called(tools.clock());
  if (targets.length > 1 && !anyAdmits(targets, tools.clock())) await awaken(run, targets);
  let candidates: readonly Candidate[] = targets.map((target) => ({ target, notBefore: 0 }));
  for (let round = 1; candidates.length > 0; round++) {
    const next: Candidate[] = [];
    for (const [place, { target }] of candidates.entries()) {
      if (run.attempts.length >= maxCalls || isGivenUp(run, target)) return undefined;
      const others = route.hedge === undefined ? [] : candidates.slice(place + 1).map((candidate) => candidate.target);
      const asked = await askTarget(run, target, others);
      if (asked.kind === 'answered') return asked;
      if (asked.failure.disposition === 'final') return undefined;
      if (asked.failure.disposition === 'retry') next.push(candidateOf(target, asked.failure, tools.clock()));
    }
    if (round >= route.model.retries.maxAttempts) return undefined;
    candidates = await pause(run, round, next);
  }
  return undefined;
}

function candidateOf(target: Target, { retryAfterMs }: AttemptFailure, now: number): Candidate {
  return { target, notBefore: now + (retryAfterMs ?? 0) };
}

/** How long a request waits for the outcome of another one's probe, and how often it looks. */
const patienceMs = 300;
const lookEveryMs = 20;

function anyAdmits(targets: readonly Target[], now: number): boolean {
  return targets.some(({ health }) => health.breaker.admits(now));
}

/**
 * All of several targets are out. One may have come back since: the one that is out longest is tried before its time, by one
 * request, and the others wait a moment for what it finds. A model's only target is left alone for its time: that is what a
 * breaker is for.
 */
async function awaken({ tools, watch }: Run, targets: readonly Target[]): Promise<void> {
  const giveUpAt = tools.clock() + patienceMs;
  for (let now = tools.clock(); now < giveUpAt && !anyAdmits(targets, now); now = tools.clock()) {
    const breakers = targets.map(({ health }) => health.breaker);
    const since = breakers.map((breaker) => breaker.hurriedFrom(now) ?? Infinity);
    const longest = breakers[since.indexOf(Math.min(...since))];
    if (Math.min(...since) < Infinity) longest?.hurry(now);
    // A time that a provider named is not shortened by waiting for it.
    else if (breakers.every((breaker) => breaker.isAsked(now)) || watch.givenUp(now) !== undefined) return;
    else await watch.wait(lookEveryMs);
  }
}

/** The client left, or the time is up. */
function isGivenUp({ watch, tools, failed }: Run, { config }: Target): boolean {
  const failure = watch.givenUp(tools.clock());
  if (failure === undefined) return false;
  failed.push({ provider: config.provider, failure });
  return true;
}

/** Waits until the first candidate may be asked again, and gives those that may by then; none where the retry budget is used up. */
async function pause(run: Run, round: number, candidates: readonly Candidate[]): Promise<readonly Candidate[]> {
  const [first] = candidates;
  if (first === undefined) return [];
  const { tools, watch, route } = run;
  const now = tools.clock();
  const soonest = Math.min(...candidates.map(({ notBefore }) => notBefore));
  const waitMs = backoffMs(route.model.retries, round, Math.max(0, soonest - now), watch.deadline - now, tools.random);
  if (waitMs === undefined || !route.retryBudget.tryTake(now)) return [];
  await watch.wait(Math.ceil(waitMs) + 1); // a timer may fire a millisecond before its time, which would be too soon for the provider
  run.refusedAccounts.clear(); // what was at its rate limit may be asked with again
  if (isGivenUp(run, first.target)) return [];
  const woken = tools.clock();
  return candidates.filter(({ notBefore }) => notBefore <= woken);
}
