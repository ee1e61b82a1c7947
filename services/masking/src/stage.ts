import { defineStage, forward, refuse, type Outcome, type Stage, type StageContext, type StageRequest } from '@sluice/bus';
import { SluiceError, type GuardRun } from '@sluice/contracts';
import type { Registry } from 'prom-client';
import { maskBody, type MaskedBody } from './mask-body.ts';
import { createMaskingMetrics } from './masking-metrics.ts';
import { createPlans, type CurrentConfiguration, type MaskingPlan } from './plan.ts';

export interface MaskingStageOptions {
  readonly configuration: CurrentConfiguration;
  /** Prometheus registry of the process. */
  readonly metrics: Registry;
  /** Requests worked on at once, and waiting. */
  readonly concurrency?: number;
  readonly queueLimit?: number;
}

const guard = 'masking';
const encoder = new TextEncoder();

/** Replaces personal data by placeholders. Fails closed: what it cannot search is refused, never passed on. */
export function createStage({ configuration, metrics, concurrency = 64, queueLimit = 1024 }: MaskingStageOptions): Stage {
  const planOf = createPlans(configuration);
  const counters = createMaskingMetrics(metrics);

  async function handle(request: StageRequest, context: StageContext): Promise<Outcome> {
    const plan = planOf(request.envelope.principal.policy);
    if (plan === undefined)
      throw new SluiceError('stage_unavailable', 'The masking stage does not have the policy of this key yet; retry.', { stage: guard });
    if (!plan.active) return forward({ guards: [{ guard, ran: false, reason: 'policy' }, ...unsupportedGuards(plan)] });
    const masked = await maskBody(request.envelope.dialect, await request.body.json(), plan);
    counters.count(masked.counts);
    return outcomeOf(masked, plan, context);
  }

  return defineStage({
    name: guard,
    version: '0.1.0',
    description: 'Replaces personal data in requests by reversible placeholders',
    concurrency,
    queueLimit,
    handle: async (request, context) => {
      try {
        return await handle(request, context);
      } catch (thrown) {
        return refuse(SluiceError.from(thrown), { guards: [{ guard, ran: false, reason: 'error' }] });
      }
    },
  });
}

function outcomeOf({ body, table, counts }: MaskedBody, plan: MaskingPlan, context: StageContext): Outcome {
  const blocked = Object.keys(counts.block);
  if (blocked.length > 0) {
    const error = new SluiceError(
      'content_policy_violation',
      `The request holds data that its policy does not admit: ${blocked.join(', ')}. Remove it and send the request again.`,
      {
        stage: guard,
      },
    );
    return refuse(error, { guards: [{ guard, ran: true, action: 'block' }, ...unsupportedGuards(plan)] });
  }
  const changed = Object.keys(table).length > 0;
  const patch = {
    found: { entities: counts.mask },
    guards: [{ guard, ran: true, action: changed ? 'redact' : 'allow' } as const, ...unsupportedGuards(plan)],
  };
  if (!changed) return forward(patch);
  context.unmask(table);
  return forward({ ...patch, body: encoder.encode(JSON.stringify(body)) });
}

/** A policy may name types that nothing here finds yet; the answer says that they were not looked for. */
function unsupportedGuards(plan: MaskingPlan): GuardRun[] {
  return plan.unsupported.map((type) => ({ guard: `${guard}.${type}`, ran: false, reason: 'unsupported' }));
}
