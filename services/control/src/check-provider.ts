import type { ProviderConfig, ProviderType } from '@sluice/contracts';
import { checkSecret } from './check-secret.ts';
import { isUnset, type Environment } from './environment.ts';
import type { Problem, Report } from './problem.ts';
import { referencedVariable } from './secret-shape.ts';

/** Where a check looks and where it tells. */
export interface CheckSurroundings {
  readonly environment: Environment;
  readonly error: Report;
  readonly warning: Report;
}

/** Types whose address nobody can know. */
const addressless: ReadonlySet<ProviderType> = new Set(['openai-compatible', 'azure-openai']);
/** Types that work without a key of ours: servers of one's own, or accounts found otherwise. */
const keyless: ReadonlySet<ProviderType> = new Set([
  'openai-compatible',
  'ollama',
  'vllm',
  'llamacpp',
  'lmstudio',
  'amazon-bedrock',
  'vertex',
  'ai-sdk',
]);
/** Fields that one type only reads. */
const ownersOfFields = { aws: 'amazon-bedrock', gcp: 'vertex', azure: 'azure-openai', aiSdk: 'ai-sdk' } as const;
/** Types whose interfaces are known. */
const fixedInterfaces: ReadonlySet<ProviderType> = new Set(['anthropic', 'google', 'vertex', 'amazon-bedrock', 'cohere', 'ai-sdk']);

/** What the schema cannot see of one provider: whether its type has what it needs, and that no secret stands in the file. */
export function checkProvider(provider: ProviderConfig, path: Problem['path'], surroundings: CheckSurroundings): void {
  checkPlace(provider, path, surroundings);
  checkKeys(provider, path, surroundings);
  for (const [field, owner] of Object.entries(ownersOfFields)) {
    const given = provider[field as keyof typeof ownersOfFields] !== undefined; // the record's own keys
    if (given && provider.type !== owner)
      surroundings.warning([...path, field], `has no effect on a provider of type ${provider.type}, only on ${owner}`);
  }
  if (provider.apis !== undefined && fixedInterfaces.has(provider.type))
    surroundings.warning([...path, 'apis'], `has no effect on a provider of type ${provider.type}, whose interfaces are known`);
}

function checkPlace(provider: ProviderConfig, path: Problem['path'], { environment, error, warning }: CheckSurroundings): void {
  const { type, baseUrl, aws, gcp } = provider;
  if (baseUrl !== undefined) checkAddress(baseUrl, [...path, 'baseUrl'], environment, error);
  else if (addressless.has(type)) {
    const example = type === 'azure-openai' ? 'https://my-resource.openai.azure.com' : 'http://127.0.0.1:8000/v1';
    error([...path, 'baseUrl'], `is missing; a provider of type ${type} needs its address, e.g. "${example}"`);
  }
  if (type === 'ai-sdk' && provider.aiSdk === undefined)
    error([...path, 'aiSdk'], 'is missing; name the package that the router has installed, e.g. aiSdk: { package: "@ai-sdk/mistral" }');
  const regionIsSet = aws?.region !== undefined || !isUnset(environment, 'AWS_REGION') || !isUnset(environment, 'AWS_DEFAULT_REGION');
  if (type === 'amazon-bedrock' && baseUrl === undefined && !regionIsSet)
    warning([...path, 'aws', 'region'], 'is missing, and AWS_REGION is not set here; the router needs one of them');
  const placed = gcp?.project !== undefined || gcp?.serviceAccount !== undefined;
  if (type === 'vertex' && !placed && provider.apiKey === undefined && provider.apiKeys === undefined)
    error([...path, 'gcp'], 'is missing; give gcp: { project: "..." }, or an apiKey for express mode');
}

function checkKeys(provider: ProviderConfig, path: Problem['path'], surroundings: CheckSurroundings): void {
  const { type, apiKey, apiKeys, baseUrl, aws, gcp } = provider;
  const { error, warning } = surroundings;
  const example = `${provider.name.toUpperCase().replaceAll('-', '_')}_API_KEY`;
  const check = (secret: string | undefined, field: Problem['path'], variable = example): void => {
    if (secret !== undefined) checkSecret(secret, [...path, ...field], variable, surroundings);
  };
  if (apiKey !== undefined && apiKeys !== undefined) error([...path, 'apiKeys'], 'stands beside apiKey; give one of them');
  if (apiKey === undefined && apiKeys === undefined && baseUrl === undefined && !keyless.has(type))
    warning([...path, 'apiKey'], `is missing; ${type} answers nobody without a key, so write apiKey: \${${example}}`);
  check(apiKey, ['apiKey']);
  apiKeys?.forEach(({ key }, index) => {
    check(key, ['apiKeys', index, 'key'], `${example}_${index + 1}`);
  });
  check(aws?.accessKeyId, ['aws', 'accessKeyId'], 'AWS_ACCESS_KEY_ID');
  check(aws?.secretAccessKey, ['aws', 'secretAccessKey'], 'AWS_SECRET_ACCESS_KEY');
  check(aws?.sessionToken, ['aws', 'sessionToken'], 'AWS_SESSION_TOKEN');
  if ((aws?.accessKeyId === undefined) !== (aws?.secretAccessKey === undefined))
    error([...path, 'aws'], 'has half of a key; give accessKeyId and secretAccessKey, or neither');
  check(gcp?.serviceAccount, ['gcp', 'serviceAccount'], 'GOOGLE_SERVICE_ACCOUNT');
  for (const [name, value] of Object.entries(provider.headers)) {
    if (isCredentialHeader(name) || referencedVariable(value) !== undefined) check(value, ['headers', name]);
  }
  checkOptions(provider.aiSdk?.options, ['aiSdk', 'options'], check);
}

/** Options of a foreign package: anything in them that bears the name of a secret is one. */
function checkOptions(value: unknown, path: Problem['path'], check: (secret: string, path: Problem['path']) => void, depth = 0): void {
  if (depth > maxOptionsDepth || typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'string') checkOptions(member, [...path, name], check, depth + 1);
    else if (/key|token|secret|password|authorization/i.test(name) || referencedVariable(member) !== undefined)
      check(member, [...path, name]);
  }
}

const maxOptionsDepth = 8;

function isCredentialHeader(name: string): boolean {
  return /^(authorization|proxy-authorization|cookie)$|key|token|secret/i.test(name);
}

function checkAddress(written: string, path: Problem['path'], environment: Environment, error: Report): void {
  const variable = referencedVariable(written);
  const address = variable === undefined ? written : environment[variable];
  if (variable !== undefined && isUnset(environment, variable)) {
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
