import { reply, type Reply } from '@sluice/bus';
import type { Envelope, Found } from '@sluice/contracts';
import { completionToStream } from '@sluice/dialects';
import type { Entry } from './entry.ts';

const decoder = new TextDecoder();

/**
 * The stored answer as the reply to this request. A stream goes out as one body that holds all of its events: there is
 * nothing to wait for between them, and it costs one message in place of a dozen.
 */
export function replay(entry: Entry, envelope: Envelope, includeUsage: boolean, found: Found['cache']): Reply {
  const { provider, providerModel, finishReason, usage, costNanoUsd } = entry.head;
  const answer = {
    status: 200,
    provider,
    model: providerModel,
    finishReason,
    usage,
    attempts: [],
    ...(costNanoUsd === undefined ? {} : { savedNanoUsd: costNanoUsd }),
  };
  if (!envelope.stream) return reply({ answer: { ...answer, contentType: 'application/json' }, body: entry.body, found });
  const completion: unknown = JSON.parse(decoder.decode(entry.body));
  const body = Buffer.concat(completionToStream(envelope.dialect, completion, includeUsage));
  return reply({ answer: { ...answer, contentType: 'text/event-stream' }, body, found });
}
