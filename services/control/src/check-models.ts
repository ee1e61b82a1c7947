import type { Configuration, ModelConfig } from '@sluice/contracts';
import { suggestion } from './nearest-name.ts';
import type { Problem, Report } from './problem.ts';

/** Targets must name providers, and a strategy must have what it chooses by. */
export function checkModels(configuration: Configuration, error: Report, warning: Report): void {
  const providers = configuration.providers.map((provider) => provider.name);
  const known = new Set(providers);
  configuration.models.forEach((model, index) => {
    const path = ['models', index];
    model.targets.forEach((target, targetIndex) => {
      if (known.has(target.provider)) return;
      error(
        [...path, 'targets', targetIndex, 'provider'],
        `"${target.provider}" is not a provider${suggestion(target.provider, known) || `; known are ${providers.join(', ') || 'none'}`}`,
      );
    });
    checkStrategy(model, path, error, warning);
    checkConditions(model, path, warning);
    if (model.hedge !== undefined && model.targets.length < 2)
      warning([...path, 'hedge'], 'has no effect on a model with one target; a second call goes to another one');
  });
}

function checkStrategy({ strategy, targets }: ModelConfig, path: Problem['path'], error: Report, warning: Report): void {
  const shares = targets.filter((target) => target.percent !== undefined);
  const total = shares.reduce((sum, target) => sum + (target.percent ?? 0), 0);
  if (strategy === 'canary') {
    if (shares.length === 0) error([...path, 'strategy'], 'canary needs a percent on at least one target');
    else if (total > 100) error([...path, 'targets'], `the percents add up to ${total}; make them 100 at most`);
  } else if (shares.length > 0) warning([...path, 'strategy'], `${strategy} does not look at percent; write strategy: canary`);
  const taught = targets.some((target) => (target.examples?.length ?? 0) > 0);
  if (strategy === 'semantic' && !taught) error([...path, 'strategy'], 'semantic needs examples on at least one target');
  if (strategy !== 'semantic' && taught) warning([...path, 'strategy'], `${strategy} does not look at examples; write strategy: semantic`);
}

/** A model that stands for nobody's request refuses them all. */
function checkConditions({ targets }: ModelConfig, path: Problem['path'], warning: Report): void {
  if (targets.every((target) => target.when !== undefined))
    warning([...path, 'targets'], 'every target has a condition, so requests that fit none are refused; leave it out of the last one');
}
