import { SluiceError } from '@sluice/contracts';
import type { Strategy } from './strategy.ts';

/** Not built yet. It refuses: another order in its place would send prompts where the operator did not want them. */
export const semantic: Strategy = () => () => {
  throw new SluiceError(
    'unsupported_feature',
    'This model is configured with strategy "semantic", which this version does not support; set it to priority, weighted, latency or cost.',
  );
};
