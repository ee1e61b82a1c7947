import type { ledgerCalls } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { z } from 'zod';
import { bookAdjustments } from './adjustments.ts';

type CreditNote = z.output<typeof ledgerCalls.creditNote.request>;

/** Books a credit note: a ledger entry of its own with a negative amount. The same id again books nothing. */
export async function bookCreditNote(database: Database, note: CreditNote, shard: number): Promise<{ id: string; booked: boolean }> {
  const amount = -BigInt(note.nanoUsd);
  const adjustment = {
    adjustment_id: `credit_${note.id}`,
    reason: 'credit' as const,
    reference: note.id,
    ended_at: `${note.day}T00:00:00Z`,
    organization: note.organization,
    team: note.team,
    key_id: note.keyId,
    tags: {},
    amount_nano_usd: amount.toString(),
    note: note.note,
    author: note.author,
  };
  const line = { attempt: 0, kind: 'credit', provider: '', model: '', tokens: 0, amount, priceVersion: undefined };
  return { id: note.id, booked: (await bookAdjustments(database, shard, [{ adjustment, lines: [line] }])) === 1 };
}
