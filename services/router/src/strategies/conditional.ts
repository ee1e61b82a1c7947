import { type Envelope, SluiceError, type TargetCondition } from '@sluice/contracts';
import type { Candidate, TargetOrder } from './strategy.ts';

type Condition = (envelope: Envelope) => boolean;

/** Leaves out the targets that are not for the request; costs nothing where no target states a condition. */
export function conditional<Of extends Candidate>(order: TargetOrder<Of>, targets: readonly Of[], model: string): TargetOrder<Of> {
  const conditions = new Map<Of, Condition>();
  for (const target of targets) if (target.config.when !== undefined) conditions.set(target, compileCondition(target.config.when));
  if (conditions.size === 0) return order;
  return (request) => {
    const fits = (target: Of): boolean => conditions.get(target)?.(request.envelope) ?? true;
    // Before anything is worked out for a request that no target is for.
    if (!targets.some(fits)) throw noTarget(model);
    const ordered = order(request);
    return ordered instanceof Promise ? ordered.then((all) => all.filter(fits)) : ordered.filter(fits);
  };
}

function compileCondition({ tags, organizations, teams, users, stream }: TargetCondition): Condition {
  const tests: Condition[] = [];
  for (const [name, allowed] of Object.entries(tags ?? {})) tests.push(oneOf(allowed, (envelope) => envelope.tags[name]));
  if (organizations !== undefined) tests.push(oneOf(organizations, ({ principal }) => principal.organization));
  if (teams !== undefined) tests.push(oneOf(teams, ({ principal }) => principal.team));
  if (users !== undefined) tests.push(oneOf(users, ({ user }) => user));
  if (stream !== undefined) tests.push((envelope) => envelope.stream === stream);
  return (envelope) => tests.every((test) => test(envelope));
}

function oneOf(allowed: readonly string[], read: (envelope: Envelope) => string | undefined): Condition {
  const set = new Set(allowed);
  return (envelope) => {
    const value = read(envelope);
    return value !== undefined && set.has(value);
  };
}

/** The conditions themselves are the operator's affair: the client is told where to look, not what would pass. */
function noTarget(model: string): SluiceError {
  const message = `Model "${model}" has no target for this request: each of its targets is for other tags, teams, users or kinds of request. Send the x-sluice-metadata or x-sluice-user that your operator asks for, or another model.`;
  return new SluiceError('model_not_found', message, { param: 'model', stage: 'router' });
}
