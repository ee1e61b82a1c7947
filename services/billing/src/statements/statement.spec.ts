import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otherNames } from './group-sums-sql.ts';
import { openLedger, servers, type LedgerHarness } from '../ledger-harness.ts';
import { rollUp } from './rollup.ts';
import { statementSql } from './statement-sql.ts';
import { readStatement, type Statement, type StatementQuery } from './statement.ts';

const start = Date.UTC(2026, 10, 29, 12);
const dayMs = 86_400_000;
const sampleCost = 201_000n;
const period = { from: '2026-11-01', to: '2027-01-01' };

describe.each(servers)('statements on $name', ({ open }) => {
  let harness: LedgerHarness;
  let run = 0;
  beforeAll(async () => {
    harness = await openLedger(open);
  });
  afterAll(() => harness.close());

  const read = (organization: string, changes: Partial<StatementQuery>): Promise<Statement> =>
    readStatement(harness.database, { organization, ...period, by: 'team', ...changes });
  const amounts = ({ groups }: Statement): Record<string, bigint> => {
    const sums = new Map<string, bigint>();
    for (const { name, nanoUsd } of groups) sums.set(name, (sums.get(name) ?? 0n) + BigInt(nanoUsd));
    return Object.fromEntries(sums);
  };

  it('counts every request once by each group, however much of it is summed up', async () => {
    const request = fc.record({
      days: fc.integer({ min: 0, max: 5 }),
      keyId: fc.constantFrom('key_1', 'key_2'),
      user: fc.constantFrom('ann', 'bob', '(others)', ''),
      tags: fc.dictionary(fc.constantFrom('project', 'ticket', '__proto__'), fc.constantFrom('', 'a', 'b'), { maxKeys: 3 }),
    });
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.array(request, { minLength: 1, maxLength: 5 }) },
      { weight: 1, arbitrary: fc.constant('roll up' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const organization = `org_${++run}`;
        const requests = steps.flatMap((what) => (what === 'roll up' ? [] : what));
        for (const [index, what] of steps.entries()) {
          if (what === 'roll up') await rollUp(harness.database, { maxRows: { month: 4, day: 4 } });
          else
            await harness.settle(
              ...what.map(({ days, ...rest }, place) => ({
                requestId: `${organization}_${index}_${place}`,
                organization,
                time: start + days * dayMs,
                ...rest,
              })),
            );
        }
        const expected = (nameOf: (one: (typeof requests)[number]) => string): Record<string, bigint> => {
          const sums = new Map<string, bigint>();
          for (const one of requests) sums.set(nameOf(one), (sums.get(nameOf(one)) ?? 0n) + sampleCost);
          return Object.fromEntries(sums);
        };
        const dayOf = (days: number) => new Date(start + days * dayMs).toISOString();
        expect(amounts(await read(organization, { by: 'key' }))).toEqual(expected(({ keyId }) => keyId));
        expect(amounts(await read(organization, { by: 'day' }))).toEqual(expected(({ days }) => dayOf(days).slice(0, 10)));
        expect(amounts(await read(organization, { by: 'month' }))).toEqual(expected(({ days }) => dayOf(days).slice(0, 7)));
        // Narrowed statements know every name, whatever the bound on sums by group.
        expect(amounts(await read(organization, { by: 'user', keyId: 'key_1' }))).toEqual(
          Object.fromEntries(
            Object.entries(expected((one) => (one.keyId === 'key_1' ? one.user : '\n'))).filter(([name]) => name !== '\n'),
          ),
        );
        for (const by of ['user', 'tag:ticket', 'tag:__proto__'] as const) {
          const { totals } = await read(organization, { by });
          expect(totals.dueNanoUsd).toBe(String(BigInt(requests.length) * sampleCost));
        }
      }),
      { numRuns: 15 },
    );
  }, 120_000);

  it('tells what has a tag from what has none', async () => {
    const organization = `org_${++run}`;
    const settle = (name: string, tags: Record<string, string>) =>
      harness.settle({ requestId: `${organization}_${name}`, organization, time: start, tags });
    await settle('1', { project: 'alpha' });
    await settle('2', { ticket: 'T-1' });
    await rollUp(harness.database);
    await settle('3', { project: 'alpha' });
    expect(amounts(await read(organization, { by: 'tag:project' }))).toEqual({ '': sampleCost, alpha: 2n * sampleCost });
  });

  it('sums names beyond the bound together, and keeps known names apart', async () => {
    const organization = `org_${++run}`;
    const settle = (first: number, last: number) =>
      harness.settle(
        ...Array.from({ length: last - first + 1 }, (_, index) => ({
          requestId: `${organization}_${first + index}_${++run}`,
          organization,
          time: start,
          user: `user_${first + index}`,
        })),
      );
    // Three rows a name: input, cached input and output.
    const maxRows = { month: 12, day: 12 };
    await settle(1, 3);
    await rollUp(harness.database, { maxRows });
    await settle(1, 20);
    await rollUp(harness.database, { maxRows });
    await rollUp(harness.database, { maxRows });
    const sums = amounts(await read(organization, { by: 'user' }));
    expect(Object.keys(sums).length).toBeLessThanOrEqual(8);
    expect([sums.user_1, sums.user_2, sums.user_3]).toEqual([2n * sampleCost, 2n * sampleCost, 2n * sampleCost]);
    expect(sums[otherNames]).toBeGreaterThan(10n * sampleCost);
    expect(Object.values(sums).reduce((sum, amount) => sum + amount, 0n)).toBe(23n * sampleCost);
  });

  it('leaves no more groups out than it says', async () => {
    const organization = `org_${++run}`;
    const many = Array.from({ length: 2_003 }, (_, index) => ({
      requestId: `${organization}_${index}`,
      organization,
      time: start,
      user: `user_${index}`,
    }));
    await harness.settle(...many);
    const statement = await read(organization, { by: 'user' });
    expect([Object.keys(amounts(statement)).length, statement.more]).toEqual([2_000, 3]);
    expect(statement.totals.dueNanoUsd).toBe(String(2_003n * sampleCost));
  }, 60_000);

  it('leaves out what would make the answer larger than the bus takes, and says so', async () => {
    const organization = `org_${++run}`;
    const many = Array.from({ length: 1_500 }, (_, index) => ({
      requestId: `${organization}_${index}`,
      organization,
      time: start,
      user: `${'ü'.repeat(120)}_${index}`,
    }));
    await harness.settle(...many);
    const statement = await read(organization, { by: 'user' });
    expect(Buffer.byteLength(JSON.stringify(statement))).toBeLessThan(900_000);
    expect(Object.keys(amounts(statement)).length + statement.more).toBe(1_500);
    expect(statement.totals.dueNanoUsd).toBe(String(1_500n * sampleCost));
  }, 60_000);
});

it('reads no table of the ledger whole, however long it is', async () => {
  const [, postgres] = servers;
  const harness = await openLedger(postgres.open);
  const many = Array.from({ length: 6_000 }, (_, index) => ({
    requestId: `r${index}`,
    organization: `org_${index % 40}`,
    time: start + index,
    user: `u${index}`,
  }));
  for (let at = 0; at < many.length; at += 500) await harness.settle(...many.slice(at, at + 500));
  await rollUp(harness.database);
  await harness.settle({ requestId: 'new', organization: 'org_1', time: start });
  await harness.database.query('ANALYZE');
  for (const by of ['user', 'day', 'tag:project', 'month'] as const) {
    const { text, values } = statementSql({ organization: 'org_1', ...period, by });
    const plan = await harness.database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
    const scans = plan.map((row) => row['QUERY PLAN']).filter((line) => /Seq Scan on (?:ledger|group_sum|rollup )/.test(line));
    expect(scans.filter((line) => !line.includes('ledger_line_default'))).toEqual([]);
  }
  await harness.close();
}, 60_000);
