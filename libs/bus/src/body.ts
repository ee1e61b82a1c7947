import { SluiceError } from '@sluice/contracts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * A request's body: bytes that came with the message, or a claim on the object store that is fetched when first read.
 * Bytes and parsed value are kept, so reading twice costs once.
 */
export class Body {
  readonly byteLength: number;
  /** Object-store name where the body travels by claim check. */
  readonly claim: string | undefined;
  #bytes: Uint8Array | undefined;
  #pending: Promise<Uint8Array> | undefined;
  readonly #fetch: (() => Promise<Uint8Array>) | undefined;
  #json: { readonly value: unknown } | undefined;

  private constructor(
    byteLength: number,
    bytes: Uint8Array | undefined,
    claim: string | undefined,
    fetch: (() => Promise<Uint8Array>) | undefined,
  ) {
    this.byteLength = byteLength;
    this.#bytes = bytes;
    this.claim = claim;
    this.#fetch = fetch;
  }

  static of(bytes: Uint8Array): Body {
    return new Body(bytes.byteLength, bytes, undefined, undefined);
  }

  static claimed(claim: string, byteLength: number, fetch: () => Promise<Uint8Array>): Body {
    return new Body(byteLength, undefined, claim, fetch);
  }

  /** The bytes if they are at hand already. */
  get inline(): Uint8Array | undefined {
    return this.#bytes;
  }

  /** The bytes; a fetch from the object store only for a claimed body. */
  async bytes(): Promise<Uint8Array> {
    if (this.#bytes !== undefined) return this.#bytes;
    if (this.#fetch === undefined) throw new TypeError('a body has bytes or a claim');
    this.#pending ??= this.#fetch();
    this.#bytes = await this.#pending;
    return this.#bytes;
  }

  /**
   * The parsed JSON; callers must not change it.
   * @throws SluiceError `invalid_request` where the bytes are not JSON in UTF-8
   */
  async json(): Promise<unknown> {
    if (this.#json === undefined) {
      const bytes = this.#bytes ?? (await this.bytes());
      try {
        this.#json = { value: JSON.parse(decoder.decode(bytes)) };
      } catch (cause) {
        throw new SluiceError('invalid_request', 'The request body is not valid JSON in UTF-8.', {}, cause);
      }
    }
    return this.#json.value;
  }
}
