import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '@sluice/database';
import { untilReady, type StormCluster } from './storm-cluster.ts';
import { readLedgerFacts, type LedgerFacts } from './storm-facts.ts';
import type { StormPace } from './storm-options.ts';
import { virtualKeys } from './virtual-keys.ts';

/** Metering gives a reservation up a minute after its deadline; all else is sooner. */
const furtherMs = 60_000 + 60_000;
const pauseMs = 1_000;

/**
 * Waits until every process is back, all deadlines have passed, the stream is in the ledger and open intents are settled; at most some
 * minutes: what is not right then is for the judges.
 * @param isWhole whether nothing more is to come, by these facts
 */
export async function settleStorm(
  cluster: StormCluster,
  database: Database,
  { requestTimeoutMs, billingGraceMs, quietMs }: StormPace,
  isWhole: (facts: LedgerFacts) => boolean,
): Promise<LedgerFacts> {
  await Promise.all(cluster.ingresses.map(({ url }) => untilReady(url)));
  const startedAt = Date.now();
  const dueAt = startedAt + requestTimeoutMs + billingGraceMs;
  const giveUpAt = dueAt + furtherMs;
  let [changedAt, last] = [Date.now(), ''];
  for (;;) {
    const facts = await readLedgerFacts(database);
    const supplements = facts.ends.reduce((sum, end) => sum + end.supplements.length, 0);
    const state = `${supplements} ${facts.ends.length} ${facts.openIntents} ${facts.waitingLate} ${facts.secondEnds.length}`;
    if (state !== last) [changedAt, last] = [Date.now(), state];
    const quiet = Date.now() > dueAt && Date.now() - changedAt > quietMs && facts.openIntents === 0 && facts.waitingLate === 0;
    if ((quiet && isWhole(facts)) || Date.now() > giveUpAt) return facts;
    if (facts.openIntents > 0) await moveBillingsClock(cluster);
    await delay(pauseMs);
  }
}

/** Billing takes the time of its newest event for the present, so that a backlog is never swept. A refused request is an event, too. */
async function moveBillingsClock({ ingresses: [{ url }] }: StormCluster): Promise<void> {
  const [key] = virtualKeys(1);
  const headers = { authorization: `Bearer ${key?.value ?? ''}`, 'content-type': 'application/json', 'x-request-timeout-ms': '1000' };
  const body = JSON.stringify({ model: 'sim', max_tokens: 16, messages: [{ role: 'user', content: 'What time is it?' }] });
  await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) })
    .then((answer) => answer.arrayBuffer())
    .catch(() => undefined); // the judges will see
}
