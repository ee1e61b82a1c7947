import type { ModelConfig } from '@sluice/contracts';
import { conditional } from './conditional.ts';
import { sticky } from './sticky.ts';
import { strategies } from './strategies.ts';
import type { Candidate, StrategyTools, TargetOrder } from './strategy.ts';

/** The order of a model's targets: its strategy, then `sticky`, then the targets' conditions. */
export function compileOrder<Of extends Candidate>(
  model: Pick<ModelConfig, 'name' | 'strategy' | 'sticky'>,
  targets: readonly Of[],
  tools: StrategyTools,
): TargetOrder<Of> {
  const order = strategies[model.strategy](targets, tools);
  return conditional(model.sticky ? held(model.strategy, order, targets) : order, targets, model.name);
}

function held<Of extends Candidate>(strategy: ModelConfig['strategy'], order: TargetOrder<Of>, targets: readonly Of[]): TargetOrder<Of> {
  switch (strategy) {
    case 'weighted':
    case 'latency':
    case 'busy':
      return sticky(order, targets);
    case 'semantic':
      // The first text of a conversation decides for all its turns.
      return (request) => order({ ...request, ...(request.opening === undefined ? {} : { prompt: request.opening }) });
    case 'priority':
    case 'cost':
    case 'canary':
      // A conversation stays where it is by itself; spreading it by hash would undo what the strategy is for.
      return order;
  }
}
