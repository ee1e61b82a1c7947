import type { ProviderAttempt } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { SimulatedCall } from '@sluice/testing';
import type { Told } from './ask-question.ts';
import type { StormIntents } from './read-intents.ts';
import type { StormPace } from './storm-options.ts';
import type { Struck } from './strike.ts';

/** How the ledger says a request ended: by its row, and where an end came after the sweep, by that and the entry that books the difference. */
export interface LedgerEnd {
  readonly requestId: string;
  readonly outcome: string;
  readonly keyId: string;
  readonly team: string;
  readonly attempts: readonly ProviderAttempt[];
  /** What is charged in all. */
  readonly nanoUsd: bigint;
  /** Epoch ms; of a row that the sweep made, its deadline. */
  readonly endedAt: number;
  /** The row is of the sweep, and its real end was booked later. */
  readonly late: boolean;
  /** Ids of those attempts that the router told of later, because their answers were lost. */
  readonly supplements: readonly string[];
}

/** A budget as metering keeps it. */
export interface CounterState {
  readonly meter: string;
  readonly leased: bigint;
  readonly used: bigint;
  /** What each holder has of it: `holder granted/used`, and whether it was given up. */
  readonly leases: readonly string[];
}

/** All that was seen of a storm, by everybody. */
export interface StormFacts {
  readonly pace: StormPace;
  readonly told: readonly Told[];
  readonly struck: readonly Struck[];
  readonly calls: readonly SimulatedCall[];
  readonly intents: StormIntents;
  readonly ends: readonly LedgerEnd[];
  readonly counters: readonly CounterState[];
  /** Ids of the events of supplements that metering has counted. */
  readonly countedSupplements: ReadonlySet<string>;
  readonly openIntents: number;
  /** Ends of requests that had one already and that charge nothing. */
  readonly secondEnds: readonly string[];
  /** Late ends that billing has not looked at yet. */
  readonly waitingLate: number;
}

export type LedgerFacts = Omit<StormFacts, 'pace' | 'told' | 'struck' | 'calls' | 'intents'>;

interface Row {
  request_id: string;
  outcome: string;
  key_id: string;
  team: string;
  ended_at: Date;
  attempts: ProviderAttempt[];
  late: { outcome: string; attempts: ProviderAttempt[] } | null;
  supplements: { attempts: ProviderAttempt[] }[];
  amount: string;
}

export async function readLedgerFacts(database: Database): Promise<LedgerFacts> {
  const rows = await database.query<Row>(
    `SELECT row.request_id, row.outcome, row.key_id, row.team, row.ended_at, row.attempts, late.ledger_row AS late,
       ARRAY(SELECT ledger_row FROM billing.late_settlement AS more WHERE more.request_id = row.request_id AND more.booked AND more.event_id LIKE '%:call-%') AS supplements,
       coalesce(row.cost_nano_usd, 0) + coalesce((SELECT sum(amount_nano_usd) FROM billing.adjustment AS entry WHERE entry.request_id = row.request_id), 0) AS amount
     FROM billing.ledger AS row LEFT JOIN billing.late_settlement AS late ON late.request_id = row.request_id AND late.booked AND late.event_id NOT LIKE '%:call-%'`,
  );
  const counters = await database.query<{ meter: string; leased: string; used: string; leases: string[] }>(
    `SELECT meter, leased, used, ARRAY(
       SELECT lease.holder || ' ' || lease.granted || '/' || lease.used || CASE WHEN holder.lost THEN ' lost' WHEN holder.expires_at < now() THEN ' expired' ELSE '' END
       FROM metering.lease AS lease JOIN metering.holder AS holder USING (holder)
       WHERE lease.meter = counter.meter AND lease.period = counter.period) AS leases
     FROM metering.counter AS counter WHERE meter LIKE '%nanoUsd%' ORDER BY meter`,
  );
  const [open] = await database.query<{ intents: number; late: number }>(
    `SELECT (SELECT count(*)::integer FROM billing.open_intent) AS intents,
       (SELECT count(*)::integer FROM billing.late_settlement WHERE booked IS NULL) AS late`,
  );
  const second = await database.query<{ request_id: string }>(
    `SELECT request_id FROM billing.late_settlement WHERE NOT booked AND event_id NOT LIKE '%:call-%'`,
  );
  const counted = await database.query<{ event_id: string }>('SELECT event_id FROM metering.supplement');
  return {
    ends: rows.map((row) => ({
      requestId: row.request_id,
      outcome: row.late?.outcome ?? row.outcome,
      keyId: row.key_id,
      team: row.team,
      endedAt: row.ended_at.getTime(),
      attempts: [...(row.late === null ? row.attempts : chargedOf(row.late, row)), ...row.supplements.flatMap(({ attempts }) => attempts)],
      nanoUsd: BigInt(row.amount),
      late: row.late !== null,
      supplements: row.supplements.flatMap(({ attempts }) => attempts.map(({ id }) => id ?? '')),
    })),
    counters: counters.map(({ meter, leased, used, leases }) => ({ meter, leased: BigInt(leased), used: BigInt(used), leases })),
    countedSupplements: new Set(counted.map(({ event_id: id }) => id)),
    openIntents: open?.intents ?? 0,
    secondEnds: second.map(({ request_id: id }) => id),
    waitingLate: open?.late ?? 0,
  };
}

/** A late end is charged without the calls that supplements were charged for before it came. */
function chargedOf(late: { readonly attempts: readonly ProviderAttempt[] }, { supplements }: Row): ProviderAttempt[] {
  const told = new Set(supplements.flatMap(({ attempts }) => attempts.map(({ id }) => id)));
  return late.attempts.filter(({ id }) => id === undefined || !told.has(id));
}
