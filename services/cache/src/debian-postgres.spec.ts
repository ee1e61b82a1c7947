import { openDatabase } from '@sluice/database';
import { startDebianPostgres, type DebianPostgres } from '@sluice/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { completion, foundOf, openCacheUnderTest, question } from './cache-under-test.ts';

let postgres: DebianPostgres;
beforeAll(async () => {
  postgres = await startDebianPostgres();
}, 180_000);
afterAll(() => postgres.stop());

it('stores and finds, exact only, where the server has no vector extension, and says so', async () => {
  const under = await openCacheUnderTest(postgres.url, { cache: { semantic: true } });
  const body = question('What is the capital of Italy?');
  await under.teach(body, completion('Rome'));
  await vi.waitFor(() => {
    expect(under.announced).toHaveLength(1);
  });
  const other = await openCacheUnderTest(postgres.url, { cache: { semantic: true } });
  expect(foundOf(await other.ask(body))?.state).toBe('hit');
  expect(await other.ask(question('Where is Rome?'))).toMatchObject({
    kind: 'forward',
    found: { state: 'miss' },
    guards: [{ guard: 'cache.semantic', ran: false, reason: 'unsupported' }],
  });
  expect(under.warnings.filter((warning) => warning.startsWith('exact only'))).toHaveLength(1);
  await Promise.all([under.close(), other.close()]);
});

it('two replicas may prepare the same database at once', async () => {
  const database = openDatabase({ url: postgres.url, applicationName: 'cache-test' });
  await database.query('drop schema if exists cache cascade');
  await database.query('drop schema if exists sluice cascade');
  const replicas = await Promise.all([openCacheUnderTest(postgres.url), openCacheUnderTest(postgres.url)]);
  expect(await database.query('select * from cache.entries')).toEqual([]);
  await Promise.all([...replicas.map((replica) => replica.close()), database.close()]);
});
