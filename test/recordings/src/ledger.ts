import { calls, type TokenUsage } from '@sluice/contracts';
import { setTimeout as delay } from 'node:timers/promises';

/** Where the request log is asked for. */
export interface LedgerAddress {
  readonly controlUrl: string;
  readonly adminToken: string;
}

const pageRows = 500;
const maxPages = 1_000;
const waitMs = 30_000;
const pollMs = 250;

/** What was recorded of each request, once all are there. @throws Error when some never come */
export async function readLedger(address: LedgerAddress, requestIds: ReadonlySet<string>): Promise<ReadonlyMap<string, TokenUsage>> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const usages = await readPages(address, requestIds);
    if (usages.size === requestIds.size) return usages;
    if (Date.now() > deadline) throw new Error(`the ledger has ${usages.size} of ${requestIds.size} requests`);
    await delay(pollMs);
  }
}

async function readPages({ controlUrl, adminToken }: LedgerAddress, requestIds: ReadonlySet<string>): Promise<Map<string, TokenUsage>> {
  const usages = new Map<string, TokenUsage>();
  // Rows of one millisecond may straddle two pages, so a page begins at the last row's own time.
  let before = Date.now() + 60_000;
  for (let page = 0; page < maxPages; page += 1) {
    const response = await fetch(`${controlUrl}/admin/requests?limit=${pageRows}&before=${before}`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    const { requests } = calls.listRequests.response.parse(await response.json());
    const known = usages.size;
    for (const { requestId, usage } of requests) if (requestIds.has(requestId)) usages.set(requestId, usage);
    const last = requests.at(-1)?.endedAt;
    if (last === undefined || requests.length < pageRows || (usages.size === known && last + 1 === before)) break;
    before = last + 1;
  }
  return usages;
}
