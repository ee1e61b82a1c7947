import { readStormEvents } from './read-storm-events.ts';
import type { StormFacts } from './storm-facts.ts';

/** Everything that is known of some requests: what their clients saw, the provider's calls, the events of the stream, the ledger. */
export async function tellStories(natsUrl: string, facts: StormFacts, requestIds: ReadonlySet<string>): Promise<string> {
  const events = new Map<string, string[]>();
  await readStormEvents(natsUrl, ({ requestId, text }) => {
    if (requestIds.has(requestId)) events.set(requestId, [...(events.get(requestId) ?? []), text]);
  });
  return [...requestIds].map((id) => storyOf(id, facts, events.get(id) ?? [])).join('\n');
}

function storyOf(id: string, { calls, told, ends }: StormFacts, events: readonly string[]): string {
  const own = calls.filter(({ requestId }) => requestId === id);
  const questions = new Set(own.map(({ key }) => key));
  const lines = [
    ...told
      .filter(({ requestId, question }) => requestId === id || questions.has(`q${question}`))
      .map((one) => `client   ${JSON.stringify(one)}`),
    ...own.map(
      ({ at, attempt, outcome, status, usage, key }) => `provider ${JSON.stringify({ at, attempt, outcome, status, usage, key })}`,
    ),
    ...events.map((event) => `stream   ${event}`),
    ...ends
      .filter(({ requestId }) => requestId === id)
      .map((end) => `ledger   ${JSON.stringify(end, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`),
  ];
  return `${id}\n  ${lines.join('\n  ')}`;
}
