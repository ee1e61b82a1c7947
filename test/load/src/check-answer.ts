import type { Gateway } from './gateway.ts';
import type { Scenario } from './scenarios.ts';
import { upstreamAnswer, upstreamModel } from './upstream.ts';

/** Asks once and looks at the answer. @throws Error when it is not the upstream's */
export async function checkAnswer(gateway: Gateway, scenario: Scenario): Promise<void> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...gateway.headers(scenario) },
    body: JSON.stringify({
      model: upstreamModel,
      messages: [{ role: 'user', content: `First request of ${scenario.name}: why does bread need time to rest?` }],
    }),
  });
  const text = await response.text();
  if (response.status !== 200 || !text.includes(JSON.stringify(upstreamAnswer))) {
    throw new Error(`${scenario.name}: the first answer is not the upstream's, but ${response.status} ${text.slice(0, 500)}`);
  }
}
