import { openDatabase } from '@sluice/database';
import { askAll } from './ask-all.ts';
import { runAudit } from './audit-command.ts';
import { budgetOwners } from './budget-owners.ts';
import { budgetStates, judgeBounds, judgeCounters, type BudgetState } from './judge-budgets.ts';
import { judgeStorm, type StormBreak, type StormTotals } from './judge-storm.ts';
import { readIntents } from './read-intents.ts';
import { seededRandom } from './seeded-random.ts';
import { settleStorm } from './settle-storm.ts';
import { startStormCluster } from './storm-cluster.ts';
import type { LedgerFacts, StormFacts } from './storm-facts.ts';
import type { StormOptions } from './storm-options.ts';
import { strike, type Struck } from './strike.ts';
import { tellBudget } from './tell-budget.ts';
import { tellStories } from './tell-story.ts';

export interface StormResult {
  readonly facts: StormFacts;
  readonly totals: StormTotals;
  readonly budgets: readonly BudgetState[];
  readonly breaks: readonly StormBreak[];
  /** Of the first broken requests, and of the first budgets whose counters are not the ledger's. */
  readonly stories: string;
  readonly seconds: { readonly storm: number; readonly settling: number };
  /** Kept where something broke. */
  readonly logFile: string;
}

/** Requests, and budgets, whose stories are told. */
const maxStories = 8;
const maxBudgets = 4;

/** Sends requests while processes and servers are killed, paused and cut off, and judges what became of all of them. */
export async function runStorm(options: StormOptions, say: (line: string) => void): Promise<StormResult> {
  const cluster = await startStormCluster(options);
  const database = openDatabase({
    url: cluster.postgres.url,
    applicationName: 'sluice-storm',
    maxConnections: 1,
    statementTimeoutMs: 60_000,
  });
  const { pace } = options;
  let sound = false;
  try {
    const startedAt = Date.now();
    const struck: Struck[] = [];
    const calm = new AbortController();
    const striking = strike(cluster, seededRandom(options.seed), pace.longestFaultMs, calm.signal, (one) => {
      struck.push(one);
      say(`${(one.atMs / 1_000).toFixed(1)} s: ${describe(one)}`);
    });
    const told = await askAll(cluster, options, (sent) => {
      if (sent > 0 && sent % 5_000 === 0) say(`${sent} requests sent`);
    });
    calm.abort();
    await striking;
    const calmAt = Date.now();
    say('calm; waiting until everything is settled');
    const budgetsOf = (ledger: Pick<StormFacts, 'ends' | 'counters'>) =>
      budgetStates(budgetOwners(options, told, ledger.ends), ledger.ends, ledger.counters);
    const seen = { pace, told, struck, calls: cluster.provider.calls(), intents: new Map() };
    const isWhole = (now: LedgerFacts) =>
      !judgeStorm({ ...now, ...seen }).breaks.some(({ kind }) => kind === 'call without a line') &&
      (!pace.judgesCounters || judgeCounters(budgetsOf(now)).length === 0);
    const ledger = await settleStorm(cluster, database, pace, isWhole);
    const facts: StormFacts = { ...ledger, ...seen, calls: cluster.provider.calls(), intents: await readIntents(cluster.natsUrl) };
    const budgets = budgetsOf(facts);
    const { breaks, totals } = judgeStorm(facts);
    const audit = await runAudit(cluster.postgres.url, cluster.natsUrl);
    const ofAudit = audit === '' ? [] : [{ kind: 'audit', requestId: undefined, text: audit }];
    const ofCounters = pace.judgesCounters ? judgeCounters(budgets) : [];
    const all = [...breaks, ...ofCounters, ...judgeBounds(budgets, facts.intents), ...ofAudit];
    const ids = new Set(onePerKind(all).slice(0, maxStories));
    const differing = budgets.filter(({ used, spent }) => pace.judgesCounters && used !== spent).slice(0, maxBudgets);
    const stories = [
      ids.size === 0 ? '' : await tellStories(cluster.natsUrl, facts, ids),
      ...differing.map((budget) => tellBudget(budget, facts)),
    ].join('\n');
    sound = all.length === 0;
    const seconds = { storm: (calmAt - startedAt) / 1_000, settling: (Date.now() - calmAt) / 1_000 };
    return { facts, totals, budgets, breaks: all, stories, seconds, logFile: cluster.logFile };
  } finally {
    await database.close();
    await cluster.stop(!sound);
  }
}

/** Ids of broken requests, of every kind of break before the second of any. */
function onePerKind(breaks: readonly StormBreak[]): string[] {
  const byKind = [...Map.groupBy(breaks, ({ kind }) => kind).values()].map((list) => list.flatMap(({ requestId }) => requestId ?? []));
  const longest = Math.max(0, ...byKind.map((list) => list.length));
  return Array.from({ length: longest }, (_, index) => byKind.flatMap((list) => list[index] ?? [])).flat();
}

function describe({ fault }: Pick<Struck, 'fault'>): string {
  switch (fault.kind) {
    case 'kill':
      return `kill ${fault.instance}`;
    case 'pause':
      return `pause ${fault.instance} for ${fault.forMs} ms`;
    case 'partition':
      return `partition ${fault.instance} from ${fault.from} (${fault.partition}) for ${fault.forMs} ms`;
    case 'reset':
      return `reset ${fault.instance}'s connections to ${fault.from}`;
    case 'kill nats':
      return 'kill nats';
    case 'kill postgres':
      return `kill postgres, away for ${fault.forMs} ms`;
  }
}
