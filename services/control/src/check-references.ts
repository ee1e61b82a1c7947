import { detectorNames, entityTypes } from '@sluice/contracts';
import type { Configuration, PolicyConfig } from '@sluice/contracts';
import { suggestion } from './nearest-name.ts';
import type { Problem } from './problem.ts';
import { looksLikeSecret, referencedVariable } from './secret-shape.ts';
import { keySha256 } from './virtual-key.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Stages of this repository, and those of them that end a request. */
const knownStages: readonly string[] = ['metering', 'guardrail', 'masking', 'cache', 'router'];
const answeringStages: readonly string[] = ['router'];

/** Shorter virtual keys can be guessed; 16 letters of a random key are about 80 bits. */
const shortKeyLength = 16;

type Report = (path: Problem['path'], message: string) => void;

/** What the schema cannot see: names that must exist, variables that must be set, pipelines that must end in an answer. */
export function checkReferences(configuration: Configuration, environment: Environment): Problem[] {
  const problems: Problem[] = [];
  const error: Report = (path, message) => void problems.push({ severity: 'error', path, message });
  const warning: Report = (path, message) => void problems.push({ severity: 'warning', path, message });
  checkProviders(configuration, environment, error, warning);
  checkModels(configuration, error);
  configuration.policies.forEach((policy, index) => {
    checkPipeline(policy, index, error, warning);
    checkNames(Object.keys(policy.guardrail.detectors), detectorNames, ['policies', index, 'guardrail', 'detectors'], 'a detector', error);
    checkNames(Object.keys(policy.masking.entities), entityTypes, ['policies', index, 'masking', 'entities'], 'an entity type', error);
  });
  checkOrganizations(configuration, environment, error, warning);
  return problems;
}

function checkProviders(configuration: Configuration, environment: Environment, error: Report, warning: Report): void {
  configuration.providers.forEach((provider, index) => {
    const path = ['providers', index];
    if (provider.baseUrl === undefined) {
      if (provider.type !== 'openai')
        error([...path, 'baseUrl'], `is missing; a provider of type ${provider.type} needs its address, e.g. "http://127.0.0.1:8000/v1"`);
    } else checkAddress(provider.baseUrl, [...path, 'baseUrl'], environment, error);
    if (provider.apiKey === undefined) return;
    const variable = referencedVariable(provider.apiKey);
    if (variable !== undefined) {
      // A warning only: the router resolves it, and it may hold secrets that control does not.
      if (isUnset(environment, variable))
        warning([...path, 'apiKey'], `the environment variable ${variable} is not set here; the router needs it`);
    } else if (provider.apiKey.includes('${')) {
      error([...path, 'apiKey'], 'must be ${NAME} of an environment variable and nothing around it');
    } else if (looksLikeSecret(provider.apiKey)) {
      error(
        [...path, 'apiKey'],
        `looks like a real key, and secrets may not stand in the file; put it into an environment variable and write \${${provider.name.toUpperCase().replaceAll('-', '_')}_API_KEY}`,
      );
    }
  });
}

function checkAddress(written: string, path: Problem['path'], environment: Environment, error: Report): void {
  const variable = referencedVariable(written);
  const address = variable === undefined ? written : environment[variable];
  if (variable !== undefined && (address === undefined || address === '')) {
    error(path, `the environment variable ${variable} is not set; set it, or write the address`);
    return;
  }
  const url = URL.canParse(address ?? '') ? new URL(address ?? '') : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    error(
      path,
      variable === undefined
        ? 'must be a full http:// or https:// address'
        : `the environment variable ${variable} must hold a full http:// or https:// address`,
    );
  } else if (url.username !== '' || url.password !== '') {
    error(path, 'must not hold a user or password; use apiKey: ${NAME}');
  }
}

function checkModels(configuration: Configuration, error: Report): void {
  const providers = configuration.providers.map((provider) => provider.name);
  const known = new Set(providers);
  configuration.models.forEach((model, index) => {
    model.targets.forEach((target, targetIndex) => {
      if (known.has(target.provider)) return;
      error(
        ['models', index, 'targets', targetIndex, 'provider'],
        `"${target.provider}" is not a provider${suggestion(target.provider, known) || `; known are ${providers.join(', ') || 'none'}`}`,
      );
    });
  });
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
  const models = new Set(configuration.models.map((model) => model.name));
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
    if (value === undefined || value === '') {
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

function isUnset(environment: Environment, variable: string): boolean {
  return (environment[variable] ?? '') === '';
}
