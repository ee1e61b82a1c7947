import type { ProviderConfig } from '@sluice/contracts';
import { isHeaderValue } from './forwarded-headers.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A provider's key: usable, not needed, or missing with what the operator has to do. */
export type Credential = { readonly apiKey: string | undefined } | { readonly missing: string };

/** A literal key stands for itself; `${NAME}` is taken from the router's own environment. */
export function resolveCredential(apiKey: string | undefined, requiresApiKey: boolean, environment: Environment): Credential {
  if (apiKey === undefined) return requiresApiKey ? { missing: 'set apiKey: "${NAME}" for this provider' } : { apiKey: undefined };
  const variable = variableOf(apiKey);
  if (variable === undefined) return { apiKey };
  const value = environment[variable]?.trim();
  if (value === undefined || value === '') return { missing: `set the environment variable ${variable} of the router` };
  if (!isHeaderValue(value)) return { missing: `the environment variable ${variable} holds characters that no HTTP header may have` };
  return { apiKey: value };
}

/**
 * The configuration with the secrets of `aws`, `gcp`, `headers` and `aiSdk.options` filled in.
 * @throws Error that names the variable to set
 */
export function replaceSecrets(config: ProviderConfig, environment: Environment): ProviderConfig {
  const replace = (value: unknown): unknown => {
    if (typeof value === 'string') return replaceSecret(value, environment);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replace(member)]));
  };
  const { aws, gcp, headers, aiSdk } = config;
  if (aws === undefined && gcp === undefined && aiSdk === undefined && Object.keys(headers).length === 0) return config;
  return { ...config, ...(replace({ aws, gcp, headers, aiSdk }) as Partial<ProviderConfig>) }; // strings for strings: the shape stays
}

function replaceSecret(value: string, environment: Environment): string {
  const variable = variableOf(value);
  if (variable === undefined) return value;
  const replaced = environment[variable]?.trim();
  if (replaced === undefined || replaced === '') throw new Error(`set the environment variable ${variable} of the router`);
  return replaced;
}

function variableOf(value: string): string | undefined {
  return /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(value)?.[1];
}

/** Below this length a key is a word such as `none`, and taking it out of a message would only garble the message. */
const shortestSecret = 8;

/** Takes a credential out of text that somebody else wrote. */
export function redactSecret(text: string, secret: string | undefined): string {
  return secret === undefined || secret.length < shortestSecret ? text : text.replaceAll(secret, '[redacted]');
}
