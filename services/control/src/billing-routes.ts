import type { Bus } from '@sluice/bus';
import { ledgerCalls } from '@sluice/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parse, parseJson } from './admin-requests.ts';
import type { AuditTrail } from './audit-trail.ts';
import { authorOf } from './author-header.ts';

export interface BillingRoutesOptions {
  readonly bus: Bus;
  readonly audit: AuditTrail;
}

/** A statement or a page of an export; longer means that billing is stuck. */
const readTimeoutMs = 20_000;

const identified = z.object({ id: z.string().min(1).max(100) });
const priceListBody = ledgerCalls.storePriceList.request.omit({ author: true });
const rerateBody = ledgerCalls.rerate.request.omit({ author: true });
const creditBody = ledgerCalls.creditNote.request.omit({ author: true });
const exportQuery = ledgerCalls.exportCharges.request.omit({ after: true });
const replayBody = ledgerCalls.replayWebhook.request.omit({ id: true });

const contentTypes = { csv: 'text/csv; charset=utf-8', focus: 'text/csv; charset=utf-8', jsonl: 'application/x-ndjson' } as const;

/** Statements, exports, corrections and webhooks: billing answers them over the bus, changes are in the audit log. */
export function registerBillingRoutes(app: FastifyInstance, { bus, audit }: BillingRoutesOptions): void {
  const timeoutMs = readTimeoutMs;
  const noted = (
    request: FastifyRequest,
    action: string,
    detail: Record<string, string | number | boolean>,
    organization = 'system',
  ): void => {
    audit.access({ organization, actor: authorOf(request), action, outcome: 'done', detail });
  };

  app.get('/admin/statements', (request) =>
    bus.request(ledgerCalls.readStatement, parse(ledgerCalls.readStatement.request, request.query), { timeoutMs }),
  );

  app.get('/admin/exports', async (request, reply) => {
    const query = parse(exportQuery, request.query);
    const first = await bus.request(ledgerCalls.exportCharges, query, { timeoutMs });
    noted(request, 'ledger.export', { format: query.format, from: query.from, to: query.to }, query.organization);
    return reply.type(contentTypes[query.format]).send(ReadableStream.from(pagesOf(bus, query, first)));
  });

  app.get('/admin/price-lists', () => bus.request(ledgerCalls.listPriceLists, {}, { timeoutMs }));
  app.post('/admin/price-lists', async (request, reply) => {
    const body = parseJson(priceListBody, request.body);
    const stored = await bus.request(ledgerCalls.storePriceList, { ...body, author: authorOf(request) }, { timeoutMs });
    noted(request, 'ledger.price_list', { version: body.version, prices: body.prices.length });
    return reply.status(201).send(stored);
  });

  app.post('/admin/reratings', async (request, reply) => {
    const body = parseJson(rerateBody, request.body);
    const job = await bus.request(ledgerCalls.rerate, { ...body, author: authorOf(request) }, { timeoutMs });
    if (job.applies) noted(request, 'ledger.rerate', { id: job.id, priceVersion: job.priceVersion }, body.organization);
    return reply.status(202).send(job);
  });
  app.get('/admin/reratings', () => bus.request(ledgerCalls.listReratings, {}, { timeoutMs }));
  app.get('/admin/reratings/:id', (request) => bus.request(ledgerCalls.readRerating, parse(identified, request.params), { timeoutMs }));

  app.post('/admin/credit-notes', async (request, reply) => {
    const body = parseJson(creditBody, request.body);
    const note = await bus.request(ledgerCalls.creditNote, { ...body, author: authorOf(request) }, { timeoutMs });
    if (note.booked) noted(request, 'ledger.credit', { id: note.id, nanoUsd: body.nanoUsd }, body.organization);
    return reply.status(note.booked ? 201 : 200).send(note);
  });

  app.get('/admin/webhooks', () => bus.request(ledgerCalls.listWebhooks, {}, { timeoutMs }));
  app.post('/admin/webhooks', async (request, reply) => {
    const body = parseJson(ledgerCalls.createWebhook.request, request.body);
    const made = await bus.request(ledgerCalls.createWebhook, body, { timeoutMs });
    noted(request, 'webhook.create', { id: made.id, format: body.format }, body.organization);
    return reply.status(201).send(made);
  });
  app.delete('/admin/webhooks/:id', async (request) => {
    const { id } = parse(identified, request.params);
    const answer = await bus.request(ledgerCalls.deleteWebhook, { id }, { timeoutMs });
    if (answer.deleted) noted(request, 'webhook.delete', { id });
    return answer;
  });
  app.post('/admin/webhooks/:id/replay', async (request) => {
    const { id } = parse(identified, request.params);
    const answer = await bus.request(ledgerCalls.replayWebhook, { id, ...parseJson(replayBody, request.body) }, { timeoutMs });
    noted(request, 'webhook.replay', { id, replayed: answer.replayed });
    return answer;
  });
}

type Page = z.output<typeof ledgerCalls.exportCharges.response>;

/** Page after page, as the client takes them. */
async function* pagesOf(bus: Bus, query: z.output<typeof exportQuery>, first: Page): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (
    let page: Page = first;
    ;
    page = await bus.request(ledgerCalls.exportCharges, { ...query, after: page.next }, { timeoutMs: readTimeoutMs })
  ) {
    yield encoder.encode(page.text);
    if (page.next === undefined) return;
  }
}
