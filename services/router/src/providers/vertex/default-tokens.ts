import type { AuthClient } from 'google-auth-library';

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];

/**
 * Tokens of what Google calls application default credentials: a file that `GOOGLE_APPLICATION_CREDENTIALS` names,
 * gcloud's login, the metadata server, workload identity. Google's own library finds and renews them; it is loaded when
 * the first call needs it, for it costs 80 ms and most routers never do.
 */
export class DefaultTokens {
  readonly #keyFile: object | undefined;
  #client: Promise<AuthClient> | undefined;

  /** @param keyFile credentials of another kind than a service account, such as `external_account`; absent: found */
  constructor(keyFile?: object) {
    this.#keyFile = keyFile;
  }

  /** @throws Error where none can be had */
  async headers(): Promise<readonly string[]> {
    try {
      this.#client ??= this.#open();
      const headers = await (await this.#client).getRequestHeaders();
      return [...headers].flat();
    } catch (cause) {
      // Found later, perhaps: a metadata server starts with its machine.
      this.#client = undefined;
      throw new Error('no Google credentials were found; set gcp.serviceAccount or GOOGLE_APPLICATION_CREDENTIALS', { cause });
    }
  }

  async #open(): Promise<AuthClient> {
    const { GoogleAuth } = await import('google-auth-library');
    return new GoogleAuth({ scopes, ...(this.#keyFile === undefined ? {} : { credentials: this.#keyFile }) }).getClient();
  }
}
