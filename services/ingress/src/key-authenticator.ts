import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { SluiceError, type Principal } from '@sluice/contracts';

/** Keys remembered, known and unknown alike; the oldest goes first. */
const rememberedLimit = 20_000;
/** A key that control confirmed once is trusted this long while control is out of reach. */
const staleLimitMs = 3_600_000;
/** An unknown key is asked about again no sooner than this. */
const unknownTtlMs = 5_000;

interface Remembered {
  readonly principal: Principal | undefined;
  readonly askedAt: number;
  readonly generation: number;
}

/** Asks control for the owner of a key, by the SHA-256 of its text. */
export type AskControl = (keySha256: string) => Promise<Principal | undefined>;

/**
 * Turns the key of a request into its owner. Asked once and remembered; a change of the configuration, a revocation
 * among them, makes every memory be asked again. Fails closed for keys never seen, open for confirmed ones while
 * control is away.
 */
export class KeyAuthenticator {
  readonly #ask: AskControl;
  readonly #clock: () => number;
  readonly #trustMs: number;
  readonly #remembered = new Map<string, Remembered>();
  readonly #asking = new Map<string, Promise<Principal | undefined>>();
  #generation = 0;

  constructor(ask: AskControl, clock: () => number, trustMs: number) {
    this.#ask = ask;
    this.#clock = clock;
    this.#trustMs = trustMs;
  }

  /** Everything remembered has to be confirmed again. */
  configurationChanged(): void {
    this.#generation += 1;
  }

  /**
   * The owner at once where the key is remembered, else once control has answered.
   * @throws SluiceError `invalid_api_key`; `stage_unavailable` where control is away and the key was never seen
   */
  authenticate(headers: IncomingHttpHeaders): Principal | Promise<Principal> {
    const digest = hash('sha256', readKey(headers), 'hex');
    const remembered = this.#remembered.get(digest);
    if (remembered !== undefined && this.#isFresh(remembered)) {
      if (remembered.principal === undefined) throw unknownKey();
      return remembered.principal;
    }
    return this.#confirm(digest, remembered);
  }

  #isFresh({ principal, askedAt, generation }: Remembered): boolean {
    const ttlMs = principal === undefined ? unknownTtlMs : this.#trustMs;
    return generation === this.#generation && this.#clock() - askedAt < ttlMs;
  }

  async #confirm(digest: string, remembered: Remembered | undefined): Promise<Principal> {
    let asking = this.#asking.get(digest);
    if (asking === undefined) {
      asking = this.#askAndRemember(digest).finally(() => this.#asking.delete(digest));
      this.#asking.set(digest, asking);
    }
    let principal: Principal | undefined;
    try {
      principal = await asking;
    } catch (cause) {
      if (remembered?.principal === undefined || this.#clock() - remembered.askedAt > staleLimitMs) throw SluiceError.from(cause);
      principal = remembered.principal;
    }
    if (principal === undefined) throw unknownKey();
    return principal;
  }

  async #askAndRemember(digest: string): Promise<Principal | undefined> {
    const generation = this.#generation;
    const principal = await this.#ask(digest);
    this.#remembered.delete(digest); // a Map keeps the order of insertion: re-inserted, it counts as the newest
    this.#remembered.set(digest, { principal, askedAt: this.#clock(), generation });
    const oldest = this.#remembered.size > rememberedLimit ? this.#remembered.keys().next().value : undefined;
    if (oldest !== undefined) this.#remembered.delete(oldest);
    return principal;
  }
}

function readKey(headers: IncomingHttpHeaders): string {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const match = /^Bearer\s+(\S{1,512})$/i.exec(authorization);
    if (match?.[1] === undefined)
      throw new SluiceError('invalid_api_key', 'Header Authorization must read "Bearer <virtual key>".', { param: 'authorization' });
    return match[1];
  }
  const key = headers['x-api-key'];
  if (typeof key === 'string' && key.length > 0 && key.length <= 512) return key;
  throw new SluiceError('invalid_api_key', 'Send your virtual key as "Authorization: Bearer <key>" or "x-api-key: <key>".', {
    param: 'authorization',
  });
}

function unknownKey(): SluiceError {
  return new SluiceError('invalid_api_key', 'The virtual key is not known or was revoked; ask your platform team for one.', {
    param: 'authorization',
  });
}
