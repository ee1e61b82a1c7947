import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';

const serviceAccountSchema = z.looseObject({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  token_uri: z.url({ protocol: /^https?$/ }).default('https://oauth2.googleapis.com/token'),
});

const tokenSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });

const scope = 'https://www.googleapis.com/auth/cloud-platform';
/** Google's bound on the life of an assertion, seconds. */
const assertionSeconds = 3_600;
/** A token is renewed so long before its end that no call under way outlives it at the door. */
const renewBeforeMs = 300_000;
const tokenTimeoutMs = 10_000;
/** After a failure Google is asked again no sooner, so that a storm of calls is no storm of token requests. */
const failurePauseMs = 1_000;

interface Token {
  readonly headers: readonly string[];
  /** Epoch ms. */
  readonly expiresAt: number;
}

/**
 * Access tokens of a service account by the JWT bearer grant (RFC 7523): one for all calls, renewed before it ends, and
 * one request for it at a time.
 */
export class ServiceAccountTokens {
  readonly #account: z.infer<typeof serviceAccountSchema>;
  readonly #key: KeyObject;
  #token: Token | undefined;
  #renewal: Promise<readonly string[]> | undefined;
  #failure: { readonly until: number; readonly error: Error } | undefined;

  /** @throws Error that says what the operator has to set; it holds nothing of the key */
  constructor(keyFile: object) {
    const parsed = serviceAccountSchema.safeParse(keyFile);
    if (!parsed.success)
      throw new Error('gcp.serviceAccount lacks client_email or private_key; set the whole content of the JSON key file');
    this.#account = parsed.data;
    try {
      // Environment files often keep line ends as two characters.
      this.#key = createPrivateKey(parsed.data.private_key.replaceAll('\\n', '\n'));
    } catch {
      throw new Error('the private_key of gcp.serviceAccount cannot be read; set the content of the JSON key file as Google gave it');
    }
  }

  /** At once while a token lasts. @throws Error where none can be had */
  headers(now: number): readonly string[] | Promise<readonly string[]> {
    if (this.#token !== undefined && now < this.#token.expiresAt - renewBeforeMs) return this.#token.headers;
    if (this.#failure !== undefined && now < this.#failure.until) return this.#fallBack(now, this.#failure.error);
    this.#renewal ??= this.#renew(now).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #renew(now: number): Promise<readonly string[]> {
    try {
      this.#token = await this.#request(now);
      this.#failure = undefined;
      return this.#token.headers;
    } catch (cause) {
      const error = new Error('Google gave no access token for the service account', { cause });
      this.#failure = { until: now + failurePauseMs, error };
      return this.#fallBack(now, error);
    }
  }

  /** The token at hand, while it is good. */
  async #fallBack(now: number, error: Error): Promise<readonly string[]> {
    if (this.#token !== undefined && now < this.#token.expiresAt) return Promise.resolve(this.#token.headers);
    throw error;
  }

  async #request(now: number): Promise<Token> {
    const response = await fetch(this.#account.token_uri, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: this.#assertion(now) }),
      signal: AbortSignal.timeout(tokenTimeoutMs),
      redirect: 'error',
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`the token endpoint answered ${response.status}`);
    }
    const token = tokenSchema.parse(await response.json());
    return { headers: ['authorization', `Bearer ${token.access_token}`], expiresAt: now + token.expires_in * 1_000 };
  }

  #assertion(now: number): string {
    const issued = Math.floor(now / 1_000);
    const { client_email: issuer, private_key_id: kid, token_uri: audience } = this.#account;
    const header = { alg: 'RS256', typ: 'JWT', ...(kid === undefined ? {} : { kid }) };
    const claims = { iss: issuer, scope, aud: audience, iat: issued, exp: issued + assertionSeconds };
    const signed = `${encode(header)}.${encode(claims)}`;
    return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), this.#key).toString('base64url')}`;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
