import { providerAttemptSchema } from '@sluice/contracts';
import type { Database, Transaction } from '@sluice/database';
import { z } from 'zod';
import { bookAdjustments, type Adjustment } from './adjustments.ts';
import { againSuffix, isSupplement, lateSuffix, takenBackSuffix } from './entry-ids.ts';
import { takeBackOrphans } from './orphan-supplements.ts';
import { linesAgainst } from './standing-lines.ts';
import { nanoUsdOf, ratedLines, sumOf, type FindPrice, type RatedLine, type RatedRow } from '../ledger/rated-lines.ts';

/** Late ends of one transaction. */
const pageSize = 500;
/** A supplement of a request that has neither intent nor row after this long (its events are lost) is all that will be known of it. */
const orphanMs = 300_000;
/** One replica books at a time: two late ends of one request must not both be charged. */
const lockKey = '7236294003';

/** A late end with the row that stands for its request; a supplement may have none. */
interface LateRow {
  event_id: string;
  request_id: string;
  late_outcome: string;
  attempts: unknown;
  cost: string | null;
  saved: string | null;
  provider: string | null;
  model: string;
  stands: string | null;
  ended_at: Date;
  organization: string;
  team: string;
  key_id: string;
  user_name: string | null;
  tags: object;
  /** The end of the request was booked after it stood as unresolved or refused. */
  already: boolean;
  /** Of one call that the end does not tell of. */
  supplement: boolean;
  /** Its charge was taken back, for an unresolved row stood for it then. */
  taken_back: boolean;
  /** Ids of the calls that the row, or what is booked beside it, tells of. */
  charged_calls: (string | null)[];
}

const attemptsSchema = z.array(providerAttemptSchema);

/**
 * Books what ends that came late say beyond what their request was charged: an entry of its own that takes back the standing lines (tokens
 * too) and has those of the end, so that sums of lines are what the provider produced. That is where the row came of the sweep (`unresolved`,
 * at the reserved amount) or of a refusal that called no provider. A second end of a settled request charges nothing: the first one wins.
 * Each request is booked once, whatever comes how often. A supplement adds its call to whatever stands, and takes nothing back; where nothing
 * does, it waits `waitMs` for it. While a reservation stands for all calls of its request it adds nothing, until an end takes that place.
 * A call is charged once, whoever tells of it. Returns how many entries were added.
 */
export async function bookLateSettlements(database: Database, findPrice: FindPrice, shard: number, waitMs = orphanMs): Promise<number> {
  let added = 0;
  for (;;) {
    const page = await database.transaction((transaction) => bookPage(transaction, findPrice, shard, waitMs));
    added += page.added;
    if (page.read < pageSize) return added;
  }
}

async function bookPage(
  transaction: Transaction,
  findPrice: FindPrice,
  shard: number,
  waitMs: number,
): Promise<{ read: number; added: number }> {
  await transaction.query('SELECT pg_advisory_xact_lock($1::bigint)', [lockKey]);
  const takenBack = await takeBackOrphans(transaction, shard, pageSize);
  const waiting = await transaction.query<LateRow>(waitingSql, [pageSize, waitMs]);
  const chosen = new Map<string, LateRow>();
  for (const late of waiting) {
    if (!late.supplement && !late.already && isCharged(late) && !chosen.has(late.request_id)) chosen.set(late.request_id, late);
  }
  const requests = [...chosen.keys()];
  const passedOver = requests.length === 0 ? [] : await transaction.query<LateRow>(passedOverSql, [requests]);
  const supplements = [...waiting, ...passedOver].filter((late) => isMissing(late, chosen.get(late.request_id)));
  const against = await linesAgainst(transaction, 'ledger', requests);
  const booked = [...chosen.values(), ...supplements];
  const entries = booked.map((late) => entryOf(late, late.supplement ? [] : (against.get(late.request_id) ?? []), findPrice));
  const added = await bookAdjustments(transaction, shard, entries);
  await transaction.query(
    `UPDATE billing.late_settlement SET booked = event_id = ANY ($2::text[]), orphan = event_id = ANY ($3::text[])
     WHERE event_id = ANY ($1::text[])`,
    [idsOf([...waiting, ...passedOver]), idsOf(booked), idsOf(booked.filter(({ stands }) => stands === null))],
  );
  return { read: waiting.length, added: takenBack + added };
}

function idsOf(rows: readonly LateRow[]): string[] {
  return rows.map(({ event_id: id }) => id);
}

/** In the order of the stream, so that of two late ends the first counts. The row is JSON: amounts are read as text, to the last digit. */
const lateSql = (which: string): string => `
SELECT late.event_id, late.request_id, late.ledger_row ->> 'outcome' AS late_outcome, late.ledger_row -> 'attempts' AS attempts,
  late.ledger_row ->> 'cost_nano_usd' AS cost, late.ledger_row ->> 'saved_nano_usd' AS saved, late.ledger_row ->> 'provider' AS provider,
  coalesce(late.ledger_row ->> 'model_used', late.ledger_row ->> 'model_asked') AS model,
  row.outcome AS stands, subject.ended_at, subject.organization, subject.team, subject.key_id, subject.user_name, subject.tags,
  EXISTS (SELECT FROM billing.adjustment AS known WHERE known.adjustment_id = late.request_id || '${lateSuffix}') AS already,
  ${isSupplement('late.event_id')} AS supplement,
  EXISTS (SELECT FROM billing.adjustment AS back WHERE back.adjustment_id = late.event_id || '${takenBackSuffix}') AS taken_back,
  ARRAY(
    SELECT told ->> 'id' FROM json_array_elements(row.attempts) AS told
    UNION ALL
    SELECT told ->> 'id' FROM billing.late_settlement AS known, jsonb_array_elements(known.ledger_row -> 'attempts') AS told
    WHERE known.request_id = late.request_id AND known.booked
  ) AS charged_calls
FROM billing.late_settlement AS late LEFT JOIN billing.ledger AS row ON row.request_id = late.request_id,
  LATERAL (
    SELECT row.ended_at, row.organization, row.team, row.key_id, row.user_name, row.tags WHERE row.request_id IS NOT NULL
    UNION ALL
    SELECT told.ended_at, told.organization, told.team, told.key_id, told.user_name, told.tags
    FROM jsonb_populate_record(NULL::billing.ledger, late.ledger_row) AS told WHERE row.request_id IS NULL
  ) AS subject
WHERE ${which}
ORDER BY (late.ledger_row ->> 'position')::bigint, late.event_id`;

/** $1 how many, $2 ms that a supplement waits for the row of its request. */
const waitingSql = `${lateSql(`late.booked IS NULL AND (row.request_id IS NOT NULL OR late.recorded_at < now() - $2 * interval '1 millisecond'
  AND NOT EXISTS (SELECT FROM billing.open_intent AS intent WHERE intent.request_id = late.request_id))`)} LIMIT $1`;

/** Supplements that were looked at while a reservation stood for their requests ($1): a few each, for a request has few calls. */
const passedOverSql = lateSql(`late.request_id = ANY ($1::text[]) AND NOT late.booked AND ${isSupplement('late.event_id')}`);

function isCharged({ stands, late_outcome: end }: LateRow): boolean {
  return (stands === 'unresolved' && end !== 'unresolved') || (stands === 'refused' && end !== 'refused');
}

/**
 * Whether it is a supplement whose call is charged nowhere: a reservation that stands for its request stands for all its calls.
 * @param end what is booked in place of the row now
 */
function isMissing({ supplement, stands, already, charged_calls: charged, attempts }: LateRow, end: LateRow | undefined): boolean {
  if (!supplement || (stands === 'unresolved' && !already && end === undefined)) return false;
  const id = attemptsSchema.parse(attempts)[0]?.id;
  const isToldOf = end !== undefined && attemptsSchema.parse(end.attempts).some((attempt) => attempt.id === id);
  return id !== undefined && !charged.includes(id) && !isToldOf;
}

/** What it says was used, without calls that a supplement was charged for already. */
function chargesOf(late: LateRow): Pick<RatedRow, 'attempts' | 'cost'> {
  let cost = nanoUsdOf(late.cost ?? undefined);
  const attempts = attemptsSchema.parse(late.attempts).map((attempt) => {
    if (attempt.id === undefined || !late.charged_calls.includes(attempt.id)) return attempt;
    if (cost !== undefined) cost -= nanoUsdOf(attempt.costNanoUsd) ?? 0n;
    return { ...attempt, usage: undefined, costNanoUsd: undefined };
  });
  return { attempts, cost };
}

/** @param taken lines that take back what stands for the request */
function entryOf(late: LateRow, taken: readonly RatedLine[], findPrice: FindPrice): { adjustment: Adjustment; lines: RatedLine[] } {
  const given = ratedLines(
    {
      ...chargesOf(late),
      saved: nanoUsdOf(late.saved ?? undefined),
      provider: late.provider ?? '',
      model: late.model,
    },
    findPrice,
  );
  const lines = [...taken, ...given];
  return {
    lines,
    adjustment: {
      adjustment_id: entryIdOf(late),
      reason: 'late',
      reference: late.event_id,
      request_id: late.request_id,
      // Of the request: the difference belongs to the period in which it was charged.
      ended_at: late.ended_at.toISOString(),
      organization: late.organization,
      team: late.team,
      key_id: late.key_id,
      user_name: late.user_name,
      tags: late.tags,
      amount_nano_usd: sumOf(lines).toString(),
      note: late.supplement
        ? 'a call whose answer was lost'
        : `ended as ${late.late_outcome} after it stood as ${late.stands ?? 'nothing'}`,
      author: 'billing',
    },
  };
}

function entryIdOf({ supplement, taken_back: takenBack, event_id: eventId, request_id: requestId }: LateRow): string {
  if (!supplement) return `${requestId}${lateSuffix}`;
  return takenBack ? `${eventId}${againSuffix}` : eventId;
}
