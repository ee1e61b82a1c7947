import { Counter, type Registry } from 'prom-client';
import type { EntityCounts } from './mask-body.ts';
import type { MaskingAction } from './plan.ts';

export interface MaskingMetrics {
  /** Adds what one request held. Types are those of our recognisers, so the number of series is bounded. */
  count(counts: EntityCounts): void;
}

const actions: readonly MaskingAction[] = ['mask', 'block', 'allow'];

export function createMaskingMetrics(registry: Registry): MaskingMetrics {
  const entities = new Counter({
    name: 'sluice_masking_entities_total',
    help: 'Values found in requests, by entity type and by the action that the policy takes on it.',
    labelNames: ['type', 'action'],
    registers: [registry],
  });
  return {
    count(counts) {
      for (const action of actions) for (const [type, number] of Object.entries(counts[action])) entities.inc({ type, action }, number);
    },
  };
}
