/** Turns texts into vectors of length 1, somewhere that does not block the caller's event loop. */
export interface Embedder {
  /** Dimensions of each vector. */
  readonly dimensions: number;
  /** `background` waits until nobody else wants the encoder. Rejects where it is overloaded or broken. */
  embed(texts: readonly string[], priority: 'request' | 'background'): Promise<readonly Float32Array[]>;
  close(): Promise<void>;
}
