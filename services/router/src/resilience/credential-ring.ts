/** Why a credential is left out: the provider refuses the account (401, 402, 403), or has had enough of it (429). */
export type ParkReason = 'refused' | 'rate_limited';

/** First time out of a refused credential; each further refusal doubles it. */
const firstParkMs = 60_000;
const longestParkMs = 3_600_000;
/** A provider's own wish is believed up to this. */
const longestRateLimitMs = 60_000;
/** Time out after "too many" without a time. */
const unaskedRateLimitMs = 1_000;
/** Where all credentials are out, one is tried so often: nobody tells us that a bill was paid. */
const tryEveryMs = 1_000;

interface Place<Of> {
  readonly credential: Of;
  readonly weight: number;
  current: number;
  parkedAt: number;
  parkedUntil: number;
  reason: ParkReason;
  refusals: number;
}

/**
 * Spreads calls over the credentials of a provider: smooth weighted round robin, as in nginx
 * (https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1), which never gives one key a run of calls
 * that its weight does not justify. A credential that the provider refuses is out for a minute, then two, up to an hour; a
 * success brings it back.
 *
 * Where all are out, the one that is out longest is tried, once a second at most: a provider with one key would else be
 * down for up to an hour after its bill was paid, and every request would else meet the same refusal.
 *
 * It does not know what a credential holds, so no key can get from here into a log.
 */
export class CredentialRing<Of extends { readonly weight: number }> {
  readonly #places: Place<Of>[];
  #triedAt = -Infinity;

  /** @param credentials at least one */
  constructor(credentials: readonly Of[]) {
    this.#places = credentials.map((credential) => ({
      credential,
      weight: credential.weight,
      current: 0,
      parkedAt: 0,
      parkedUntil: 0,
      reason: 'refused',
      refusals: 0,
    }));
  }

  get size(): number {
    return this.#places.length;
  }

  /** Whichever stands first, parked or not: for questions that are no calls. */
  get first(): Of {
    const [place] = this.#places;
    if (place === undefined) throw new RangeError('a ring needs at least one credential');
    return place.credential;
  }

  /**
   * The credential for the next call.
   * @param tried those that this request has met refusals with: it does not ask with them again
   * @returns undefined where none may be asked with now
   */
  take(now: number, tried?: ReadonlySet<Of>): Of | undefined {
    let chosen: Place<Of> | undefined;
    let total = 0;
    for (const place of this.#places) {
      if (place.parkedUntil > now || tried?.has(place.credential) === true) continue;
      place.current += place.weight;
      total += place.weight;
      if (chosen === undefined || place.current > chosen.current) chosen = place;
    }
    if (chosen === undefined) return this.#takeParked(now, tried);
    chosen.current -= total;
    return chosen.credential;
  }

  /** Whether a credential that is not out is left beside those of `tried`. */
  has(now: number, tried: ReadonlySet<Of>): boolean {
    return this.#places.some(({ parkedUntil, credential }) => parkedUntil <= now && !tried.has(credential));
  }

  /** Epoch ms from which {@link take} gives a credential. */
  availableFrom(now: number): number {
    const soonest = Math.min(...this.#places.map(({ parkedUntil }) => parkedUntil));
    if (soonest <= now) return now;
    const refused = this.#places.some(({ reason }) => reason === 'refused');
    return refused ? Math.max(now, Math.min(soonest, this.#triedAt + tryEveryMs)) : soonest;
  }

  /**
   * @param askedMs the provider's own wish
   * @returns for how long, milliseconds
   */
  park(credential: Of, reason: ParkReason, now: number, askedMs?: number): number {
    const place = this.#placeOf(credential);
    if (place === undefined) return 0;
    if (place.parkedUntil > now && place.reason === reason) {
      // Calls that were under way together are refused together, and a try before its time proves nothing new: no growth.
      place.parkedAt = now;
      return place.parkedUntil - now;
    }
    const parkMs =
      reason === 'refused'
        ? Math.min(firstParkMs * 2 ** place.refusals, longestParkMs)
        : Math.min(askedMs ?? unaskedRateLimitMs, longestRateLimitMs);
    if (reason === 'refused') place.refusals += 1;
    place.reason = reason;
    place.parkedAt = now;
    place.parkedUntil = Math.max(place.parkedUntil, now + parkMs);
    return parkMs;
  }

  succeeded(credential: Of): void {
    const place = this.#placeOf(credential);
    if (place === undefined) return;
    place.parkedUntil = 0;
    place.refusals = 0;
  }

  /** How many are out: for a gauge. */
  parked(now: number): number {
    return this.#places.filter(({ parkedUntil }) => parkedUntil > now).length;
  }

  /** Only refused ones are tried before their time: one that is at its rate limit has been told when to come back. */
  #takeParked(now: number, tried: ReadonlySet<Of> | undefined): Of | undefined {
    if (now - this.#triedAt < tryEveryMs) return undefined;
    let longest: Place<Of> | undefined;
    for (const place of this.#places) {
      if (place.reason !== 'refused' || tried?.has(place.credential) === true) continue;
      if (longest === undefined || place.parkedAt < longest.parkedAt) longest = place;
    }
    if (longest === undefined) return undefined;
    this.#triedAt = now;
    return longest.credential;
  }

  #placeOf(credential: Of): Place<Of> | undefined {
    return this.#places.find((place) => place.credential === credential);
  }
}
