import type { Bus } from '@sluice/bus';
import { calls } from '@sluice/contracts';
import type { Database } from '@sluice/database';
import type { FastifyInstance } from 'fastify';
import { auditQuery, parse, requestsQuery } from './admin-requests.ts';
import { auditEventsOfRequests, listAuditEvents } from './audit-store.ts';

/** Billing answers from its ledger; longer means that it is stuck. */
const ledgerTimeoutMs = 5_000;

export interface HistoryRoutesOptions {
  readonly bus: Bus;
  readonly database: Database;
}

export function registerHistoryRoutes(app: FastifyInstance, { bus, database }: HistoryRoutesOptions): void {
  app.get('/admin/requests', async (request) => {
    const query = parse(requestsQuery, request.query);
    const { requests } = await bus.request(calls.listRequests, query, { timeoutMs: ledgerTimeoutMs });
    const ids = requests.map((entry) => entry.requestId);
    const events = ids.length === 0 ? new Map<string, never>() : await auditEventsOfRequests(database, ids);
    return { requests: requests.map((entry) => ({ ...entry, audit: events.get(entry.requestId) ?? [] })) };
  });

  app.get('/admin/audit', async (request) => ({ events: await listAuditEvents(database, parse(auditQuery, request.query)) }));
}
