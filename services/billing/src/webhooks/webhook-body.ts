import type { webhookFormats } from '@sluice/contracts';
import { decimalText } from '../decimal-text.ts';

export type WebhookFormat = (typeof webhookFormats)[number];

/** A line with its entry, as the statement in `webhooks.ts` reads it. */
export interface NotedLine {
  readonly entry_id: string;
  readonly entry_kind: string;
  readonly request_id: string | null;
  readonly ended_at: Date;
  readonly organization: string;
  readonly team: string;
  readonly key_id: string;
  readonly user_name: string | null;
  readonly tags: Record<string, string>;
  readonly attempt: number;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly tokens: string;
  readonly amount: string | null;
  readonly price_version: string | null;
}

/** Events of one body: Lago takes 100 in a batch. */
const maxEvents = 100;

/**
 * Bodies of events by line. OpenMeter: a batch of CloudEvents for `POST /api/v1/events`; Lago: `POST /api/v1/events/batch`. Ids are made of
 * entry, attempt and kind, so a receiver that sees one again knows it.
 */
export function webhookBodies(format: WebhookFormat, lines: readonly NotedLine[]): string[] {
  const bodies: string[] = [];
  for (let at = 0; at < lines.length; at += maxEvents) {
    const events = lines.slice(at, at + maxEvents);
    if (format === 'lago') bodies.push(JSON.stringify({ events: events.map(lagoEvent) }));
    else bodies.push(JSON.stringify(events.map((line) => cloudEvent(line, format))));
  }
  return bodies;
}

/** `com.sluice.ledger.line.v1`, or a type that a meter of OpenMeter can name; its numbers are strings, as its JSONPath meters take them. */
function cloudEvent(line: NotedLine, format: 'sluice' | 'openmeter'): object {
  return {
    specversion: '1.0',
    id: idOf(line),
    source: 'sluice/billing',
    type: format === 'sluice' ? 'com.sluice.ledger.line.v1' : 'sluice.tokens',
    subject: line.organization,
    time: line.ended_at.toISOString(),
    datacontenttype: 'application/json',
    data: { ...facts(line), tokens: line.tokens, cost_nano_usd: line.amount, ...(format === 'sluice' ? { tags: line.tags } : {}) },
  };
}

/** Cents in nano-USD have seven digits behind the point. */
const centDigits = 7;

function lagoEvent(line: NotedLine): object {
  return {
    transaction_id: idOf(line),
    external_subscription_id: line.organization,
    code: 'sluice_tokens',
    timestamp: Math.floor(line.ended_at.getTime() / 1_000),
    ...(line.amount === null ? {} : { precise_total_amount_cents: decimalText(BigInt(line.amount), centDigits) }),
    properties: { ...facts(line), tokens: line.tokens, ...line.tags },
  };
}

function facts(line: NotedLine): object {
  return {
    entry: line.entry_id,
    entry_kind: line.entry_kind,
    request_id: line.request_id,
    team: line.team,
    key: line.key_id,
    user: line.user_name,
    attempt: line.attempt,
    kind: line.kind,
    provider: line.provider,
    model: line.model,
    price_version: line.price_version,
  };
}

function idOf(line: NotedLine): string {
  return `${line.entry_id}:${line.attempt}:${line.kind}`;
}
