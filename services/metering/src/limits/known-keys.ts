import type { Snapshot } from '@sluice/contracts';

/**
 * The keys whose limits are known here. One that was made a moment ago may be used before the snapshot that has its limits is here;
 * without them it would be admitted without any.
 */
export class KnownKeys {
  #keys: ReadonlySet<string> = new Set();
  /** Looks again for a key that somebody waits for. */
  readonly #waiting = new Set<() => void>();

  constructor(keys: Snapshot['keys']) {
    this.configure(keys);
  }

  /** Takes over the keys of a snapshot, once their limits are in force. */
  configure(keys: Snapshot['keys']): void {
    this.#keys = new Set(keys.map(({ keyId }) => keyId));
    for (const look of this.#waiting) look();
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  /** Waits for a key; resolves to whether it came within `waitMs`. */
  wait(keyId: string, waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(this.has(keyId));
      };
      const look = (): void => {
        if (this.has(keyId)) end();
      };
      const timer = setTimeout(end, Math.max(0, waitMs));
      this.#waiting.add(look);
    });
  }
}
