import { calls, type ConfigurationInput } from '@sluice/contracts';
import type { z } from 'zod';
import { vi } from 'vitest';

export type LedgerEntry = z.output<typeof calls.listRequests.response>['requests'][number];

const ledgerBudgetMs = 15_000;

/** Control's admin API. */
export class AdminApi {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** @throws Error with the answer where it is not a success */
  async send(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  activate(configuration: ConfigurationInput): Promise<unknown> {
    return this.send('PUT', '/admin/configuration', configuration);
  }

  /** Makes a key of the red team. */
  async createKey(fields: Record<string, unknown>): Promise<{ key: string; keyId: string }> {
    const made = await this.send('POST', '/admin/keys', { organization: 'acme', team: 'red', ...fields });
    return made as { key: string; keyId: string }; // control's answer to this route; a wrong one fails the next request
  }

  async ledger(query: Record<string, string>): Promise<LedgerEntry[]> {
    const answer = await this.send('GET', `/admin/requests?${new URLSearchParams(query).toString()}`);
    return calls.listRequests.response.parse(answer).requests;
  }

  /** The one ledger row of a request, once billing has it. */
  async ledgerRow(requestId: string): Promise<LedgerEntry> {
    return vi.waitFor(
      async () => {
        const [row, second] = await this.ledger({ requestId });
        if (row === undefined || second !== undefined) throw new Error(`${requestId} has no ledger row of its own yet`);
        return row;
      },
      { timeout: ledgerBudgetMs, interval: 100 },
    );
  }
}
