import { SluiceError } from '@sluice/contracts';
import { refuseOversize } from './stage.ts';
import type { GuardrailCheckRequest, GuardrailCheckResponse } from '@sluice/contracts';
import type { Engine } from './engine.ts';
import type { GuardMetrics } from './guard-metrics.ts';

export type GuardrailCheck = (request: GuardrailCheckRequest & { readonly policy: string }) => Promise<GuardrailCheckResponse>;

/** Answers the check route and output windows with the engine of the stage; an output is searched for what leaks, not for attacks. */
export function createCheck(engine: Engine, metrics: GuardMetrics): GuardrailCheck {
  return async ({ input, direction, policy }) => {
    const compiled = engine.policy(policy);
    if (compiled === undefined)
      throw new SluiceError('invalid_request', `There is no policy "${policy}"; name one of the configuration.`, { param: 'policy' });
    const inspectedBytes = Buffer.byteLength(input);
    refuseOversize(compiled, inspectedBytes);
    const verdict = await engine.inspect(
      compiled,
      [{ text: input, role: direction === 'output' ? 'assistant' : 'user', path: 'input' }],
      direction,
    );
    metrics.observe(verdict);
    return {
      action: verdict.action,
      score: verdict.score,
      detections: verdict.detections.map(({ detection }) => detection),
      coverage: {
        detectors: compiled.detectors.map(({ detector }) => detector.name),
        skipped: compiled.skipped.map(({ guard, reason = 'policy' }) => ({ detector: guard, reason })),
        inspectedBytes: compiled.detectors.length === 0 ? 0 : inspectedBytes,
      },
    };
  };
}
