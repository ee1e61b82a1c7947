import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayUnderChaos } from './gateway-under-chaos.ts';

/** What the ledger has of a run, held against the provider's own log. */
export interface RunAudit {
  readonly providerCalls: number;
  /** Calls that were made for a request which had one already, after the process that held the first was killed. */
  readonly repeatedCalls: number;
  readonly ledgerRows: number;
  /** Rows that the sweeper made for requests which nobody settled. */
  readonly unresolved: number;
  /** Second ledger rows, and second, different ends of a request. */
  readonly duplicates: number;
  /** Requests that a provider was called for, or that were answered, and that have no row. */
  readonly lost: number;
}

/** Intents run out after the longest life of a request, the grace of billing, and the next event that moves its clock. */
const budgetMs = 60_000;
const pauseMs = 500;

/** Waits until every request of the run has its row and no intent is open, then counts. What is missing after a minute is lost. */
export async function auditRun(gateway: GatewayUnderChaos, user: string, answeredIds: ReadonlySet<string>): Promise<RunAudit> {
  const giveUpAt = Date.now() + budgetMs;
  for (;;) {
    const audit = await countRun(gateway, user, answeredIds).catch((error: unknown) => {
      if (Date.now() > giveUpAt) throw error; // Postgres may be starting again
      return undefined;
    });
    if (audit !== undefined && ((audit.lost === 0 && audit.open === 0) || Date.now() > giveUpAt)) return audit;
    await Promise.all([delay(pauseMs), moveBillingsClock(gateway)]);
  }
}

/** Billing takes the time of its newest event for the present, so that a backlog is never swept. */
async function moveBillingsClock({ sluice }: GatewayUnderChaos): Promise<void> {
  const body = JSON.stringify({ model: 'sim', messages: [{ role: 'user', content: 'What time is it?' }] });
  const headers = { authorization: `Bearer ${sluice.key}`, 'content-type': 'application/json' };
  await fetch(`${sluice.url}/v1/chat/completions`, { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) })
    .then((answer) => answer.arrayBuffer())
    .catch(() => undefined); // ingress may be starting again
}

async function countRun(
  { database, provider }: GatewayUnderChaos,
  user: string,
  answeredIds: ReadonlySet<string>,
): Promise<RunAudit & { readonly open: number }> {
  const rows = await database.query<{ request_id: string; outcome: string }>(
    'SELECT request_id, outcome FROM billing.ledger WHERE user_name = $1',
    [user],
  );
  const [counts] = await database.query<{ open: number; late: number }>(
    `SELECT (SELECT count(*)::integer FROM billing.open_intent WHERE user_name = $1) AS open,
            (SELECT count(*)::integer FROM billing.late_settlement
             WHERE ledger_row->>'user_name' = $1 AND event_id NOT LIKE '%:call-%') AS late`,
    [user],
  );
  const known = new Set(rows.map((row) => row.request_id));
  // `key` carries the run: calls that only move billing's clock have none.
  const calls = provider.calls().filter((call) => call.key === user);
  const called = new Set(calls.map((call) => call.requestId ?? `no id in call ${call.sequence}`));
  return {
    providerCalls: calls.length,
    repeatedCalls: calls.length - called.size,
    ledgerRows: rows.length,
    unresolved: rows.filter((row) => row.outcome === 'unresolved').length,
    duplicates: rows.length - known.size + (counts?.late ?? 0),
    lost: [...new Set([...called, ...answeredIds])].filter((id) => !known.has(id)).length,
    open: counts?.open ?? 0,
  };
}
