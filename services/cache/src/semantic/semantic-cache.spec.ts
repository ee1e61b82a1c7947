import { WorkerEmbedder, type Embedder } from '@sluice/embedding';
import { sampleEnvelope, startPostgres, type EmbeddedPostgres } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  completion,
  foundOf,
  openCacheUnderTest,
  question,
  tableEmbedder,
  type CacheUnderTest,
  type Members,
} from '../cache-under-test.ts';

let postgres: EmbeddedPostgres;
let under: CacheUnderTest;
let serial = 0;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());
afterEach(() => under.close());

const cancel = 'How do I cancel my order?';
const reworded = 'What is the best way to cancel an order?';
const subscription = 'How do I cancel my subscription?';
const rude = 'Is there a way to get rid of that purchase of mine?';
const angles = { [cancel]: 0, [reworded]: 0.2, [subscription]: 0.05, [rude]: 0.4 };

async function open(embedder: Embedder = tableEmbedder(angles), cache: Members = { semantic: true }): Promise<CacheUnderTest> {
  under = await openCacheUnderTest(postgres.url, { cache, embedder });
  return under;
}

/** A namespace of this test's own. */
const namespaced = (): { cache: { namespace: string } } => ({ cache: { namespace: `n${(serial += 1)}` } });

describe('semantic lookup', () => {
  it('serves a reworded question and says how near it is', async () => {
    const cache = await open();
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    const outcome = await cache.ask(question(reworded), patch);
    expect(outcome).toMatchObject({ kind: 'reply', found: { state: 'semantic', similarity: expect.closeTo(Math.cos(0.2), 2) as number } });
  });

  it('serves from the index what another process stored', async () => {
    const cache = await open();
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    await vi.waitFor(() => {
      expect(cache.announced.length).toBe(2);
    });
    const other = await openCacheUnderTest(postgres.url, { cache: { semantic: true }, embedder: tableEmbedder(angles) });
    expect(foundOf(await other.ask(question(reworded), patch))).toMatchObject({
      state: 'semantic',
      similarity: expect.closeTo(Math.cos(0.2), 2) as number,
    });
    await other.close();
  });

  it('does not serve a look-alike that the gate vetoes, however near', async () => {
    const cache = await open();
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    expect(foundOf(await cache.ask(question(subscription), patch))?.state).toBe('miss');
  });

  it("holds to the request's own threshold", async () => {
    const cache = await open();
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    expect(foundOf(await cache.ask(question(reworded), { cache: { ...patch.cache, threshold: 0.99 } }))?.state).toBe('miss');
  });

  it.each<[string, (namespace: { cache: { namespace: string } }) => Parameters<CacheUnderTest['ask']>]>([
    ['team', (patch) => [question(reworded), { ...patch, principal: { ...sampleEnvelope().principal, team: 'sales' } }]],
    ['organisation', (patch) => [question(reworded), { ...patch, principal: { ...sampleEnvelope().principal, organization: 'globex' } }]],
    ['namespace', () => [question(reworded), namespaced()]],
    ['policy', (patch) => [question(reworded), { ...patch, principal: { ...sampleEnvelope().principal, policy: 'other' } }]],
    ['model', (patch) => [question(reworded), { ...patch, model: 'sim-large' }]],
    ['temperature', (patch) => [question(reworded, { temperature: 1 }), patch]],
    ['set of tools', (patch) => [question(reworded, { tools: [{ type: 'function', function: { name: 'f' } }] }), patch]],
    [
      'system prompt',
      (patch) => [
        {
          model: 'sim',
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'user', content: reworded },
          ],
        },
        patch,
      ],
    ],
    [
      'history',
      (patch) => [
        {
          model: 'sim',
          messages: [
            { role: 'user', content: 'Hi' },
            { role: 'assistant', content: 'Hello' },
            { role: 'user', content: reworded },
          ],
        },
        patch,
      ],
    ],
  ])('never serves another %s', async (_, ask) => {
    const cache = await open();
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    expect(foundOf(await cache.ask(...ask(patch)))?.state).toBe('miss');
  });

  it('is off where the policy allows no wrong answer', async () => {
    const cache = await open(tableEmbedder(angles), { semantic: true, maxErrorRate: 0 });
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    expect(foundOf(await cache.ask(question(reworded), patch))).toMatchObject({ state: 'miss' });
  });

  it('counts as a miss while the encoder is broken', async () => {
    const cache = await open({ dimensions: 512, embed: () => Promise.reject(new Error('broken')), close: () => Promise.resolve() });
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    expect(foundOf(await cache.ask(question(reworded), patch))?.state).toBe('miss');
  });

  it('asks the encoder nothing where no stored question could serve', async () => {
    let asked = 0;
    const cache = await open({
      dimensions: 512,
      embed: (texts, priority) => ((asked += priority === 'request' ? 1 : 0), tableEmbedder({}).embed(texts, priority)),
      close: () => Promise.resolve(),
    });
    const patch = namespaced();
    await cache.teach(question('Who won the cup in 1998?'), completion('France'), patch);
    expect(foundOf(await cache.ask(question('Who won the cup in 2002?'), patch))?.state).toBe('miss');
    expect(asked).toBe(0);
  });

  it('works with the real encoder', async () => {
    const embedder = new WorkerEmbedder({ clock: Date.now, onRun: () => undefined });
    await embedder.embed(['warm up'], 'request');
    const cache = await open(embedder);
    const patch = namespaced();
    await cache.teach(question(cancel), completion('Press cancel.'), patch);
    expect(foundOf(await cache.ask(question(reworded), patch))?.state).toBe('semantic');
    expect(foundOf(await cache.ask(question(subscription), patch))?.state).toBe('miss');
  });
});
