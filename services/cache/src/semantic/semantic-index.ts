/** A question whose answer is stored, on its way into the index. */
export interface IndexedQuestion {
  /** Key of the answer, 32 bytes. */
  readonly key: Buffer;
  /** Hash of everything but the question, 32 bytes: a hard predicate. */
  readonly scope: Buffer;
  /** Masked text, at most as long as the stage's bound. */
  readonly question: string;
  readonly storedAt: number;
  readonly expiresAt: number;
  readonly vector: Float32Array;
}

export interface Neighbour {
  readonly key: Buffer;
  readonly question: string;
  /** Cosine, -1 to 1. */
  readonly similarity: number;
}

/** Where vectors are kept and searched. Nothing of another scope is ever returned. */
export interface SemanticIndex {
  /** The `limit` nearest questions of the scope that have not expired, nearest first. */
  search(scope: Buffer, vector: Float32Array, limit: number, now: number): Promise<readonly Neighbour[]>;
  add(questions: readonly IndexedQuestion[]): Promise<void>;
  /** Every scope that holds something, page by page. */
  scopes(now: number): AsyncIterable<readonly Buffer[]>;
}
