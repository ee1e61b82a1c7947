import { startSimulatedProvider, type SimulatedProvider } from '@sluice/testing';
import { Agent } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from './ask-question.ts';
import { fullPace } from './storm-options.ts';
import { questionOf, type Question } from './storm-questions.ts';
import { virtualKeys } from './virtual-keys.ts';

let provider: SimulatedProvider;
const dispatcher = new Agent();
beforeAll(async () => {
  provider = await startSimulatedProvider();
});
afterAll(async () => {
  await dispatcher.destroy();
  await provider.stop();
});

const options = { seed: 7, requests: 60, minutes: 1, pace: fullPace };
const questions = Array.from({ length: options.requests }, (_, index): Question => {
  return { ...questionOf(index, options, virtualKeys(options.requests)), leaveAfterMs: undefined, script: {} };
});

/** Asks the provider itself, as a client asks an ingress; `says` is how many tokens it says. */
function askProvider(question: Question, says: number) {
  const ingress = { instance: 'ingress', url: provider.url.replace(/\/v1$/, '') };
  return ask(dispatcher, ingress, { ...question, script: { 'x-sim-output-tokens': String(says) } });
}

function tokensOf({ answer }: Question): number {
  return Math.ceil(answer.length / 4);
}

it('takes what the provider says for right, plain and streamed, whatever its length', async () => {
  expect(new Set(questions.map(({ streamed }) => streamed)).size).toBe(2);
  const told = await Promise.all(questions.map((question) => askProvider(question, tokensOf(question))));
  expect(told.filter(({ outcome, wrong }) => outcome !== '200' || wrong)).toEqual([]);
});

it('takes the answer to another question, less than all and more than all for wrong', async () => {
  for (const streamed of [false, true]) {
    const [one, other] = questions.filter((question) => question.streamed === streamed);
    if (one === undefined || other === undefined) throw new Error('no question');
    expect(await askProvider({ ...one, text: other.text }, tokensOf(one))).toMatchObject({ outcome: '200', wrong: true });
    expect(await askProvider(one, tokensOf(one) - 1)).toMatchObject({ outcome: '200', wrong: true });
    expect(await askProvider(one, tokensOf(one) + 1)).toMatchObject({ outcome: '200', wrong: true });
  }
});

it('takes a part for right where it says that it met its limit', async () => {
  const one = questions.find(({ streamed, answer }) => streamed && answer.length > 100);
  if (one === undefined) throw new Error('no question');
  expect(await askProvider({ ...one, maxTokens: 20 }, tokensOf(one))).toMatchObject({ outcome: '200', wrong: false });
});
