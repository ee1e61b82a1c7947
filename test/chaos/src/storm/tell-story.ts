import { connectBus } from '@sluice/bus';
import { isRecord, streams } from '@sluice/contracts';
import { pino } from 'pino';
import type { StormFacts } from './storm-facts.ts';

/** Everything that is known of some requests: what their clients saw, the provider's calls, the events of the stream, the ledger. */
export async function tellStories(natsUrl: string, facts: StormFacts, requestIds: ReadonlySet<string>): Promise<string> {
  const events = await eventsOf(natsUrl, requestIds);
  return [...requestIds]
    .map((id) => {
      const calls = facts.calls.filter((call) => call.requestId === id);
      const questions = new Set(calls.map(({ key }) => key));
      const told = facts.told.filter(({ requestId, question }) => requestId === id || questions.has(`q${question}`));
      const lines = [
        ...told.map((one) => `client   ${JSON.stringify(one)}`),
        ...calls.map(
          ({ at, attempt, outcome, status, usage, key }) => `provider ${JSON.stringify({ at, attempt, outcome, status, usage, key })}`,
        ),
        ...(events.get(id) ?? []).map((event) => `stream   ${event}`),
        ...facts.ends
          .filter(({ requestId }) => requestId === id)
          .map((end) => `ledger   ${JSON.stringify(end, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`),
      ];
      return `${id}\n  ${lines.join('\n  ')}`;
    })
    .join('\n');
}

async function eventsOf(natsUrl: string, requestIds: ReadonlySet<string>): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const bus = await connectBus({
    servers: natsUrl,
    service: 'billing',
    version: '0.1.0',
    description: 'storm',
    log: pino({ level: 'silent' }),
    tracing: false,
    hopBudgetMs: 2_000,
    echo: false,
  });
  try {
    await bus.readStream({
      stream: streams.usage,
      since: 0,
      handle: (bytes) => {
        const text = Buffer.from(bytes).toString('utf8');
        const event: unknown = JSON.parse(text);
        const id = isRecord(event) && isRecord(event.data) ? event.data.requestId : undefined;
        if (typeof id === 'string' && requestIds.has(id)) found.set(id, [...(found.get(id) ?? []), text]);
      },
    });
  } finally {
    await bus.close();
  }
  return found;
}
