import type { SimulatedCall } from '@sluice/testing';
import type { Told } from './ask-question.ts';
import type { JudgedFacts, StormBreak } from './judge-storm.ts';
import type { LedgerEnd } from './storm-facts.ts';

type Ends = ReadonlyMap<string, LedgerEnd>;
type Calls = ReadonlyMap<string, readonly SimulatedCall[]>;

/** Of all questions, this share is answered in any storm; where it is less, nothing was tried. */
const leastAnswered = 0.25;

/** Whether clients were told what is true, and each request that nobody settled was held by an ingress that died. */
export function judgeAnswers(facts: JudgedFacts, ends: Ends, calls: Calls): StormBreak[] {
  const told = facts.told.flatMap((one) => breakOfAnswer(one, ends, calls));
  const unresolved = facts.ends.filter(({ outcome }) => outcome === 'unresolved');
  return [...told, ...breakOfShare(facts), ...unresolved.flatMap((end) => breakOfHolder(end, facts, calls))];
}

function breakOfAnswer({ requestId, outcome, wrong, replayed, question }: Told, ends: Ends, calls: Calls): StormBreak[] {
  if (wrong)
    return [{ kind: 'wrong answer', requestId, text: `question ${question} got the answer of another one, or not all of its own` }];
  if (outcome !== '200' || replayed) return [];
  const asked = `question ${question} was answered`;
  if (requestId === undefined) return [{ kind: 'answer without an id', requestId, text: asked }];
  const end = ends.get(requestId);
  if (end === undefined) return [{ kind: 'answer without a line', requestId, text: asked }];
  if (!calls.has(requestId)) return [{ kind: 'answer without a call', requestId, text: asked }];
  if (end.outcome === 'refused' || end.outcome === 'failed')
    return [{ kind: 'answer not charged', requestId, text: `it stands as ${end.outcome}` }];
  return [];
}

function breakOfShare({ told }: JudgedFacts): StormBreak[] {
  const asked = new Set(told.map(({ question }) => question)).size;
  const answered = new Set(told.filter(({ outcome }) => outcome === '200').map(({ question }) => question)).size;
  return answered < asked * leastAnswered || asked === 0
    ? [{ kind: 'hardly tried', requestId: undefined, text: `${answered} of ${asked} questions were answered` }]
    : [];
}

/** From when it was taken in until the sweep found its row, which is its deadline and billing's grace later. */
function breakOfHolder(end: LedgerEnd, { told, struck, pace }: JudgedFacts, calls: Calls): StormBreak[] {
  const { requestId, endedAt: deadline } = end;
  const kills = struck.filter(
    ({ fault, at }) =>
      fault.kind === 'kill' &&
      /^ingress\b/.test(fault.instance) &&
      at >= deadline - pace.requestTimeoutMs &&
      at <= deadline + pace.billingGraceMs,
  );
  const tries = triesOf(requestId, told, calls);
  const died = kills.some(
    ({ fault, at }) =>
      // Of some, clients heard nothing, not even their ids: any ingress may have held them.
      tries.length === 0 || tries.some(({ ingress, startedAt }) => fault.kind === 'kill' && fault.instance === ingress && at >= startedAt),
  );
  if (died) return [];
  const asked = [...new Set(tries.map(({ ingress }) => ingress))].join(' or ') || 'an ingress';
  return [{ kind: 'unresolved, holder alive', requestId, text: `asked of ${asked}, which was not killed before its end was due` }];
}

function triesOf(requestId: string, told: readonly Told[], calls: Calls): readonly Told[] {
  const known = told.filter((one) => one.requestId === requestId);
  const [call] = calls.get(requestId) ?? [];
  return known.length > 0 || call === undefined ? known : told.filter(({ question }) => `q${question}` === call.key);
}
