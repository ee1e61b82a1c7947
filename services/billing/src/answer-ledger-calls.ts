import type { Bus, Closable } from '@sluice/bus';
import { ledgerCalls } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import { bookCreditNote } from './corrections/credit-note.ts';
import { exportCharges } from './exports/export-charges.ts';
import { findCalls } from './ledger/find-calls.ts';
import type { PriceBook } from './corrections/price-book.ts';
import type { Reratings } from './corrections/reratings.ts';
import { readStatement } from './statements/statement.ts';
import type { Webhooks } from './webhooks/webhooks.ts';

export interface LedgerCallParts {
  readonly bus: Pick<Bus, 'respond'>;
  readonly database: Database;
  readonly prices: PriceBook;
  readonly reratings: Reratings;
  readonly webhooks: Webhooks;
  readonly shard: number;
  readonly clock: () => number;
}

/** Answers what control asks of the ledger. */
export function answerLedgerCalls({ bus, database, prices, reratings, webhooks, shard, clock }: LedgerCallParts): Promise<Closable[]> {
  return Promise.all([
    bus.respond(ledgerCalls.findCalls, async ({ calls }) => ({ states: await findCalls(database, calls, Date.now()) })),
    bus.respond(ledgerCalls.readStatement, (query) => readStatement(database, query)),
    bus.respond(ledgerCalls.exportCharges, (query) => exportCharges(database, query, clock())),
    bus.respond(ledgerCalls.storePriceList, async ({ version, author, prices: listed }) => {
      await prices.store(version, author, listed);
      return { version, prices: listed.length };
    }),
    bus.respond(ledgerCalls.listPriceLists, () => prices.list()),
    bus.respond(ledgerCalls.rerate, (query) => reratings.start(query)),
    bus.respond(ledgerCalls.readRerating, ({ id }) => reratings.read(id)),
    bus.respond(ledgerCalls.listReratings, async () => ({ reratings: await reratings.list() })),
    bus.respond(ledgerCalls.creditNote, (note) => bookCreditNote(database, note, shard)),
    bus.respond(ledgerCalls.createWebhook, (request) => webhooks.create(request)),
    bus.respond(ledgerCalls.listWebhooks, () => webhooks.list()),
    bus.respond(ledgerCalls.deleteWebhook, async ({ id }) => ({ deleted: await webhooks.delete(id) })),
    bus.respond(ledgerCalls.replayWebhook, async ({ id, from }) => ({ replayed: await webhooks.replay(id, from) })),
  ]);
}
