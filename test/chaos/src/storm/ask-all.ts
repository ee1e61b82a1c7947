import { setTimeout as delay } from 'node:timers/promises';
import { Agent } from 'undici';
import { ask, type Told } from './ask-question.ts';
import type { Ingress, StormCluster } from './storm-cluster.ts';
import type { StormOptions } from './storm-options.ts';
import { questionOf, type Question } from './storm-questions.ts';
import { virtualKeys } from './virtual-keys.ts';

/** Requests under way at once, at most. */
const clients = 96;
/** A request under an idempotency key is sent so often in all. */
const maxTries = 4;
const tryAgainAfterMs = 300;

/** Sends all requests, spread evenly over the minutes, each to one ingress or, where nobody listens there, to the other. */
export async function askAll(cluster: StormCluster, options: StormOptions, progress: (sent: number) => void): Promise<Told[]> {
  const { requests, minutes } = options;
  const keys = virtualKeys(requests);
  const dispatcher = new Agent({ connections: clients, pipelining: 1, keepAliveTimeout: 60_000 });
  const everyMs = (minutes * 60_000) / requests;
  const startedAt = Date.now();
  const told: Told[] = [];
  let next = 0;
  const client = async () => {
    while (next < requests) {
      const index = next++;
      const waitMs = startedAt + index * everyMs - Date.now();
      if (waitMs > 0) await delay(waitMs);
      progress(index);
      told.push(...(await askPatiently(dispatcher, cluster.ingresses, questionOf(index, options, keys))));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  await dispatcher.destroy();
  return told;
}

async function askPatiently(dispatcher: Agent, ingresses: readonly [Ingress, ...Ingress[]], question: Question): Promise<Told[]> {
  const told: Told[] = [];
  const first = question.index % ingresses.length;
  for (let tries = 0; tries < (question.repeats ? maxTries : 2); tries += 1) {
    // A key is known to one ingress, so its repeats go there; who only found nobody listening asks the next.
    const ingress = ingresses[question.repeats ? first : (first + tries) % ingresses.length] ?? ingresses[0];
    const one = await ask(dispatcher, ingress, question);
    told.push(one);
    if (question.repeats ? !/^(connection|cut|409|5)/.test(one.outcome) : one.outcome !== 'connection') break;
    if (question.repeats) await delay(tryAgainAfterMs);
  }
  return told;
}
