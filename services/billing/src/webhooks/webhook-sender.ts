import { lookup as resolve } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { isPrivateAddress, literalAddress } from './private-addresses.ts';

/** Posts to a receiver; says what went wrong, or nothing. Never throws. */
export type SendWebhook = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<string | undefined>;

export interface WebhookSender {
  readonly send: SendWebhook;
  close(): Promise<void>;
}

const timeoutMs = 10_000;
/** What is read of an answer, so that its connection can be used again; nobody looks at it. */
const maxAnswerBytes = 16_384;
/** To one host, which may have several receivers: each is sent a few at once (`Webhooks`), and a slow one must leave connections to the others. */
const maxConnections = 64;

/**
 * Requests to addresses that others name. Where private addresses are refused they are so at the connection, by the address that the name
 * has at that moment, so a name that changes between a check and its use helps nobody. Redirects are not followed.
 */
export function createWebhookSender({ allowPrivate }: { readonly allowPrivate: boolean }): WebhookSender {
  const agent = new Agent({
    connections: maxConnections,
    connect: { timeout: timeoutMs, ...(allowPrivate ? {} : { lookup: publicLookup }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return {
    send: async (url, headers, body) => {
      try {
        const { origin, pathname, search } = new URL(url);
        const literal = literalAddress(url);
        if (!allowPrivate && literal !== undefined && isPrivateAddress(literal)) return privateAddress;
        const answer = await agent.request({
          origin,
          path: pathname + search,
          method: 'POST',
          headers: { ...headers },
          body,
          signal: AbortSignal.timeout(timeoutMs),
        });
        await answer.body.dump({ limit: maxAnswerBytes, signal: AbortSignal.timeout(timeoutMs) });
        return answer.statusCode >= 200 && answer.statusCode < 300 ? undefined : `status ${answer.statusCode}`;
      } catch (error) {
        if (error instanceof PrivateAddressError) return privateAddress;
        return error instanceof Error ? error.name : 'unknown';
      }
    },
    close: () => agent.destroy(),
  };
}

const privateAddress = 'private address refused; see BILLING_WEBHOOK_PRIVATE_ADDRESSES';

class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/** Every address of the name must be public: which one the connection takes is not ours to say. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses;
    if (error !== null) callback(error, '');
    else if (first === undefined || addresses.some(({ address }) => isPrivateAddress(address))) callback(new PrivateAddressError(), '');
    else if (options.all === true) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};
