import { EventStreamCodec } from '@smithy/core/event-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { differences } from './compare-said.ts';
import { saidIn } from './expectation.ts';
import { modes, startFakeUpstream, type FakeUpstream } from './fake-upstream.ts';
import { fixtures, providersOfFormats } from './fixtures.ts';
import { readLines, type Recording } from './recording.ts';
import type { Said } from './said.ts';

const town: Said = {
  text: 'Let me look.',
  refusal: '',
  reasoning: 'A map helps.',
  calls: [{ name: 'find_town', input: { name: 'Ulm' } }],
  stop: 'tool-calls',
  usage: { input: 30, output: 12, cached: 10, reasoning: 4 },
};

let upstream: FakeUpstream;
beforeAll(async () => {
  upstream = await startFakeUpstream(fixtures);
});
afterAll(() => upstream.stop());

const cases = fixtures.map((recording, index): [string, Recording, number] => [
  `${recording.provider}, ${recording.streamed ? 'streamed' : 'plain'}`,
  recording,
  index,
]);
const realPaths: Readonly<Record<string, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/v1/messages',
  gemini: '/v1beta/models/some-model:generateContent',
  bedrock: '/model/some%3Amodel/converse',
  cohere: '/v2/chat',
};

describe('the fake upstream', () => {
  it.each(cases)('knows the format of %s by what stands in it', (_, recording) => {
    expect(Object.entries(providersOfFormats)).toContainEqual([recording.wire, recording.provider]);
  });

  it.each(cases)("gives %s on its provider's path, in its framing", async (_, recording, index) => {
    const answer = await fetch(upstream.address(index, 'real') + (realPaths[recording.wire] ?? ''), { method: 'POST', body: '{}' });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.status).toBe(200);
    expect(valuesOf(recording, bytes)).toEqual(recording.values);
  });

  it.each(cases.filter(([, { streamed, wire }]) => streamed && wire !== 'bedrock'))(
    'gives the same events of %s with the least and the most around them',
    async (_, recording, index) => {
      for (const mode of ['bare', 'ornate'] as const) {
        const answer = await fetch(upstream.address(index, mode) + (realPaths[recording.wire] ?? ''), { method: 'POST', body: '{}' });
        expect(valuesOf(recording, Buffer.from(await answer.arrayBuffer()))).toEqual(recording.values);
      }
    },
  );

  it('answers 404 elsewhere, or everything, as its mode says', async () => {
    const statuses = modes.map(
      async (mode) => (await fetch(`${upstream.address(0, mode)}/v1/elsewhere`, { method: 'POST', body: '{}' })).status,
    );
    expect(await Promise.all(statuses)).toEqual([404, 200, 404, 404]);
  });
});

describe('the comparer', () => {
  it.each(cases)('reads the same from %s', (_, recording) => {
    const said = saidIn(recording);
    expect(said).toBeDefined();
    expect(said === undefined ? [] : differences(town, said, 'responses')).toEqual([]);
  });

  it.each<[string, Partial<Said>, string]>([
    ['another text', { text: 'Let me lok.' }, 'text'],
    ['a lost thought', { reasoning: '' }, 'reasoning'],
    ['a lost call', { calls: [] }, 'calls [], not [find_town]'],
    ['another input', { calls: [{ name: 'find_town', input: { name: 'Bonn' } }] }, 'input of find_town'],
    ['another end', { stop: 'length' }, 'stop length, not tool-calls'],
    ['thoughts that nobody counted', { usage: { input: 30, output: 8, cached: 10, reasoning: 4 } }, 'usage output 8, not 12'],
    ['a cache that nobody counted', { usage: { input: 30, output: 12, cached: 0, reasoning: 4 } }, 'usage cached 0, not 10'],
    ['no usage', { usage: undefined }, 'no usage'],
    ['an error', { error: 'overloaded' }, 'error: overloaded'],
  ])('notices %s', (_, change, fault) => {
    expect(differences(town, { ...town, ...change }, 'chat').join()).toContain(fault);
  });

  it('takes the last of two generations that were spliced into one stream', () => {
    const [, , , , , messages] = fixtures;
    const cut = (messages?.lines ?? []).slice(0, 6).map((line) => line.replace('msg_1', 'msg_0').replace('Let me look.', 'Let us'));
    const spliced = saidIn({ ...readLines([...cut, ...(messages?.lines ?? [])].join('\n')) });
    expect(spliced).toMatchObject({ spliced: true, text: 'Let me look.' });
  });
});

function valuesOf({ wire, streamed }: Recording, bytes: Buffer): unknown[] {
  if (!streamed) return [JSON.parse(bytes.toString())];
  if (wire === 'bedrock') return awsValues(bytes);
  const data = bytes.toString().match(/^data:.*$/gm) ?? [];
  return data
    .map((line) => line.slice(5).trim())
    .filter((line) => line !== '[DONE]')
    .map((line) => JSON.parse(line) as unknown);
}

/** The inverse of what the fake upstream does, by the library of AWS too: a frame begins with its length. */
function awsValues(bytes: Buffer): unknown[] {
  const codec = new EventStreamCodec(
    (part) => (typeof part === 'string' ? part : Buffer.from(part).toString()),
    (text) => Buffer.from(text),
  );
  const values: unknown[] = [];
  for (let start = 0; start < bytes.length; start += bytes.readUInt32BE(start)) {
    const { headers, body } = codec.decode(bytes.subarray(start, start + bytes.readUInt32BE(start)));
    values.push({ [String(headers[':event-type']?.value)]: JSON.parse(Buffer.from(body).toString()) as unknown });
  }
  return values;
}
