import { SluiceError, type MaskResponse } from '@sluice/contracts';
import { maskText } from './mask-text.ts';
import { createPlans, type CurrentConfiguration } from './plan.ts';

/** Answers `check.masking`. */
export function createCheck(
  configuration: CurrentConfiguration,
): (request: { readonly text: string; readonly policy: string }) => Promise<MaskResponse> {
  const planOf = createPlans(configuration);
  return async ({ text, policy }) => {
    const plan = planOf(policy);
    if (plan === undefined)
      throw new SluiceError('invalid_request', 'There is no policy of this name; use one from the configuration.', { param: 'policy' });
    return maskText(text, plan);
  };
}
