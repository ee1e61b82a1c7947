import type { ModelConfig } from '@sluice/contracts';
import { busy } from './busy.ts';
import { canary } from './canary.ts';
import { cost } from './cost.ts';
import { latency } from './latency.ts';
import { priority } from './priority.ts';
import { semantic } from './semantic.ts';
import type { Strategy } from './strategy.ts';
import { weighted } from './weighted.ts';

/** Every strategy that the configuration knows: a missing one does not compile. */
export const strategies: Record<ModelConfig['strategy'], Strategy> = { priority, weighted, latency, cost, busy, semantic, canary };
