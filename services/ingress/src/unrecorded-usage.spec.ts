import { expect, it } from 'vitest';
import { chat, openEdge } from './edge-harness.ts';

const edge = await openEdge({ recordsUsage: false, eventBacklog: 1 });

it('takes nothing in while more usage than its backlog awaits storage, and says when to come back', async () => {
  const answers = [await edge.ask(chat), await edge.ask(chat), await edge.ask(chat)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 503]);
  expect(answers[2]?.headers.get('retry-after')).toBe('5');
  expect(await answers[2]?.json()).toMatchObject({
    error: { code: 'overloaded', message: expect.stringMatching(/^Usage cannot be recorded/) as string },
  });
});
