/** 512 bits, one cache line: a query touches one block only. */
const wordsPerBlock = 16;
const bitsPerKey = 16;
const probes = 8;

/**
 * A blocked Bloom filter over SHA-256 keys: says for certain that a key is not stored, so that a miss costs no
 * database round trip. At 16 bits a key and 8 probes about one absent key in a thousand passes as "maybe";
 * beyond `capacity` that share grows, and the owner rebuilds.
 *
 * The keys are uniform already, so their own bits serve as hash functions.
 */
export class KeyFilter {
  readonly capacity: number;
  readonly #words: Uint32Array;
  readonly #blocks: number;
  #added = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#blocks = Math.max(1, Math.ceil((capacity * bitsPerKey) / (wordsPerBlock * 32)));
    this.#words = new Uint32Array(this.#blocks * wordsPerBlock);
  }

  /** Keys added so far, doubles included. */
  get added(): number {
    return this.#added;
  }

  add(key: Uint8Array): void {
    this.#added += 1;
    const base = this.#block(key);
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = probeBit(key, probe);
      const index = base + (bit >>> 5);
      this.#words[index] = (this.#words[index] ?? 0) | (1 << (bit & 31));
    }
  }

  /** False: surely never added. True: probably added. */
  mayHave(key: Uint8Array): boolean {
    const base = this.#block(key);
    for (let probe = 0; probe < probes; probe += 1) {
      const bit = probeBit(key, probe);
      if (((this.#words[base + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  #block(key: Uint8Array): number {
    const word = (((key[0] ?? 0) << 24) | ((key[1] ?? 0) << 16) | ((key[2] ?? 0) << 8) | (key[3] ?? 0)) >>> 0;
    return Math.floor((word / 0x1_0000_0000) * this.#blocks) * wordsPerBlock;
  }
}

/** Nine bits of the key for each probe, from bytes 4 to 19. */
function probeBit(key: Uint8Array, probe: number): number {
  const offset = 4 + probe * 2;
  return (((key[offset] ?? 0) << 8) | (key[offset + 1] ?? 0)) & 511;
}
