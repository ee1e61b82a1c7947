/** What a replica asks of the database for one quota; see `lease_quotas` in the migrations. */
export interface LeaseAsk {
  readonly need: number;
  readonly want: number;
  readonly give: number;
  readonly used: number;
  readonly close: boolean;
  /** What was told as used by a close whose answer did not come; 0 where there is none. */
  readonly closed: number;
  /** What the smallest waiting request needs, where the lease has less; else 0. */
  readonly least: number;
  /** Whether the turn is kept: a request that may go beyond the limit is under way. */
  readonly turn: boolean;
}

/** The database's word on a quota. */
export interface LeaseAnswer {
  /** All that this holder has, what it used included. */
  readonly granted: number;
  /** Of all holders. */
  readonly totalUsed: number;
  readonly carried: number;
  readonly starved: boolean;
  readonly turn: boolean;
}
