import { isHeaderValue } from './forwarded-headers.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A provider's key: usable, not needed, or missing with what the operator has to do. */
export type Credential = { readonly apiKey: string | undefined } | { readonly missing: string };

/** A literal key stands for itself; `${NAME}` is taken from the router's own environment. */
export function resolveCredential(apiKey: string | undefined, requiresApiKey: boolean, environment: Environment): Credential {
  if (apiKey === undefined) return requiresApiKey ? { missing: 'set apiKey: "${NAME}" for this provider' } : { apiKey: undefined };
  const variable = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(apiKey)?.[1];
  if (variable === undefined) return { apiKey };
  const value = environment[variable]?.trim();
  if (value === undefined || value === '') return { missing: `set the environment variable ${variable} of the router` };
  if (!isHeaderValue(value)) return { missing: `the environment variable ${variable} holds characters that no HTTP header may have` };
  return { apiKey: value };
}

/** Below this length a key is a word such as `none`, and taking it out of a message would only garble the message. */
const shortestSecret = 8;

/** Takes a credential out of text that somebody else wrote. */
export function redactSecret(text: string, secret: string | undefined): string {
  return secret === undefined || secret.length < shortestSecret ? text : text.replaceAll(secret, '[redacted]');
}
