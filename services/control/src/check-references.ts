import { detectorNames, entityTypes } from '@sluice/contracts';
import type { Configuration, PolicyConfig } from '@sluice/contracts';
import { suggestion } from './nearest-name.ts';
import { checkModels } from './check-models.ts';
import { checkProvider } from './check-provider.ts';
import { checkQuotas } from './check-quotas.ts';
import type { Problem, Report } from './problem.ts';
import { isUnset, type Environment } from './environment.ts';
import { referencedVariable } from './secret-shape.ts';
import { keySha256 } from './virtual-key.ts';

/** Stages of this repository, and those of them that end a request. */
const knownStages: readonly string[] = ['metering', 'guardrail', 'masking', 'cache', 'router'];
const answeringStages: readonly string[] = ['router'];

/** Shorter virtual keys can be guessed; 16 letters of a random key are about 80 bits. */
const shortKeyLength = 16;

/** What the schema cannot see: names that must exist, variables that must be set, pipelines that must end in an answer. */
export function checkReferences(configuration: Configuration, environment: Environment): Problem[] {
  const problems: Problem[] = [];
  const error: Report = (path, message) => void problems.push({ severity: 'error', path, message });
  const warning: Report = (path, message) => void problems.push({ severity: 'warning', path, message });
  configuration.providers.forEach((provider, index) => {
    checkProvider(provider, ['providers', index], { environment, error, warning });
  });
  checkModels(configuration, error, warning);
  configuration.policies.forEach((policy, index) => {
    checkPipeline(policy, index, error, warning);
    checkNames(Object.keys(policy.guardrail.detectors), detectorNames, ['policies', index, 'guardrail', 'detectors'], 'a detector', error);
    checkNames(Object.keys(policy.masking.entities), entityTypes, ['policies', index, 'masking', 'entities'], 'an entity type', error);
  });
  checkOrganizations(configuration, environment, error, warning);
  checkQuotas(configuration, error, warning);
  return problems;
}

function checkPipeline(policy: PolicyConfig, index: number, error: Report, warning: Report): void {
  const path = ['policies', index, 'pipeline'];
  const last = policy.pipeline.length - 1;
  policy.pipeline.forEach((stage, position) => {
    if (policy.pipeline.indexOf(stage) !== position)
      error([...path, position], `"${stage}" stands twice; a request passes each stage once`);
    if (!knownStages.includes(stage))
      warning(
        [...path, position],
        `"${stage}" is not a stage of Sluice, so one of your own must serve it${suggestion(stage, knownStages)}`,
      );
    if (position < last && answeringStages.includes(stage))
      error([...path, position], `"${stage}" ends the request, so nothing after it is reached; put it last`);
    if (position === last && knownStages.includes(stage) && !answeringStages.includes(stage)) {
      error(
        [...path, position],
        `"${stage}" does not answer requests; end the pipeline with ${answeringStages.join(' or ')} or a stage of your own that answers`,
      );
    }
  });
  for (const stage of Object.keys(policy.onUnavailable)) {
    if (!policy.pipeline.includes(stage)) {
      warning(
        ['policies', index, 'onUnavailable', stage],
        `"${stage}" is not in the pipeline, so this has no effect${suggestion(stage, policy.pipeline)}`,
      );
    }
  }
}

function checkNames(names: readonly string[], known: readonly string[], path: Problem['path'], what: string, error: Report): void {
  for (const name of names) {
    if (!known.includes(name))
      error([...path, name], `"${name}" is not ${what}${suggestion(name, known) || `; known are ${known.join(', ')}`}`);
  }
}

function checkOrganizations(configuration: Configuration, environment: Environment, error: Report, warning: Report): void {
  const policies = configuration.policies.map((policy) => policy.name);
  const models = new Set(configuration.models.flatMap((model) => [model.name, ...model.aliases]));
  const owners = new Map<string, string>();
  const checkPolicy = (policy: string, path: Problem['path']): void => {
    if (!policies.includes(policy))
      error(path, `"${policy}" is not a policy${suggestion(policy, policies) || `; known are ${policies.join(', ')}`}`);
  };
  configuration.organizations?.forEach((organization, index) => {
    organization.teams.forEach((team, teamIndex) => {
      const teamPath = ['organizations', index, 'teams', teamIndex];
      checkPolicy(team.policy, [...teamPath, 'policy']);
      team.keys.forEach((key, keyIndex) => {
        const path = [...teamPath, 'keys', keyIndex];
        if (key.policy !== undefined) checkPolicy(key.policy, [...path, 'policy']);
        key.models?.forEach((model, modelIndex) => {
          // A warning only: which models exist depends on the provider keys that an environment has.
          if (!models.has(model)) warning([...path, 'models', modelIndex], `"${model}" is not a model here${suggestion(model, models)}`);
        });
        checkKey(key.key, [...path, 'key'], environment, owners, error, warning);
      });
    });
  });
}

function checkKey(
  reference: string,
  path: Problem['path'],
  environment: Environment,
  owners: Map<string, string>,
  error: Report,
  warning: Report,
): void {
  const variable = referencedVariable(reference);
  if (variable !== undefined) {
    const value = environment[variable];
    if (value === undefined || isUnset(environment, variable)) {
      error(path, `the environment variable ${variable} is not set; set it to the virtual key, or remove this key`);
      return;
    }
    if (value.length < shortKeyLength)
      warning(path, `the key in ${variable} is shorter than ${shortKeyLength} characters and can be guessed`);
  }
  const hash = keySha256(reference, environment) ?? reference;
  const owner = owners.get(hash);
  if (owner !== undefined) error(path, `is the same key as ${owner}; give each key a value of its own`);
  else owners.set(hash, path.join('.'));
}
