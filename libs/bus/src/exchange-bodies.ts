import { forgetBodies, parseClaim, type ClaimCheck } from './claim-check.ts';

/** Bodies of one exchange that are too large for a message: its request's, and its answer's. */
export class ExchangeBodies {
  readonly #claims: ClaimCheck;
  readonly #requestId: string;
  #claim: string | undefined;
  #moving = false;

  constructor(claims: ClaimCheck, requestId: string) {
    this.#claims = claims;
    this.#requestId = requestId;
  }

  /** What goes on the bus in the place of the request's body, once that is stored. */
  get claim(): string | undefined {
    return this.#claim;
  }

  /** One is on its way to the object store or from it: nobody else is waited for. */
  get areMoving(): boolean {
    return this.#moving;
  }

  isLarge(body: Uint8Array): boolean {
    return this.#claims.needed(body.byteLength);
  }

  async store(body: Uint8Array): Promise<void> {
    this.#moving = true;
    await this.#claims.put(this.#requestId, body);
    this.#moving = false;
    this.#claim = `${body.byteLength}:${this.#requestId}`;
  }

  /** The answer's, which is stored no longer then. */
  async take(claim: string): Promise<Uint8Array> {
    this.#moving = true;
    const [name] = parseClaim(claim);
    const body = await this.#claims.get(name);
    void this.#claims.delete(name);
    return body;
  }

  /** Of what the exchange stored, and the stages of its attempts. */
  forget(attempts: number, slip: readonly string[]): void {
    if (this.#claim !== undefined) void forgetBodies(this.#claims, this.#requestId, attempts, slip);
  }
}
