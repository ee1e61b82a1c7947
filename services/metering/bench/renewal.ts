/** What a renewal of leases costs: `node bench/renewal.ts`. Requests of many users, four limits each, between two renewals; on Debian's PostgreSQL. */
import { readdirSync, readFileSync } from 'node:fs';
import type { BudgetConfig, LimitsConfig } from '@sluice/contracts';
import { openDatabase } from '@sluice/database';
import { startDebianPostgres } from '@sluice/testing';
import { Admission } from '../src/admission/admission.ts';
import { LeaseStore } from '../src/leases/lease-store.ts';
import { migrateMetering, sampleRequest, sampleSnapshot } from '../src/metering-samples.ts';

const rounds = 3;
const renewals = 50;
const leaseMs = 30_000;
/** USER_HZ is 100. */
const millisecondsPerTick = 10;
const limits: LimitsConfig = { requestsPerMinute: 1_000_000_000, tokensPerMinute: 2_000_000_000, concurrency: 100_000 };
const budgets: BudgetConfig[] = [{ usd: 1_000_000, window: 'month' }];

const server = await startDebianPostgres();
const database = openDatabase({ url: server.url, applicationName: 'renewal-bench', maxConnections: 1 });
await migrateMetering(database);
for (const users of [25, 100]) await measure(users);
await database.close();
await server.stop();

async function measure(users: number): Promise<void> {
  const admission = new Admission(sampleSnapshot({ scopes: [{ user: '*', limits, budgets }] }), {
    store: new LeaseStore(database, leaseMs),
    clock: Date.now,
    instance: `bench-${users}`,
    leaseMs,
    patienceMs: 1_000,
    mostOutputTokens: 512,
    log: { warn: () => undefined, info: () => undefined },
  });
  const ask = async (): Promise<void> => {
    for (let user = 0; user < users; user += 1) {
      const request = sampleRequest(`${users}-${user}-${performance.now()}`, { user: `user-${user}`, deadline: Date.now() + leaseMs });
      if ((await admission.admit(request)) !== undefined) throw new Error('refused');
      admission.settle(request.requestId, { input: 10, output: 20, costNanoUsd: 20_000 });
    }
  };
  await ask();
  await admission.keeper.flush(true);
  for (let round = 0; round < rounds; round += 1) {
    const postgresBefore = processorMs(server.pid);
    let own = 0;
    for (let renewal = 0; renewal < renewals; renewal += 1) {
      await ask();
      const before = process.cpuUsage();
      await admission.keeper.flush(true);
      const { user, system } = process.cpuUsage(before);
      own += (user + system) / 1_000;
    }
    const postgres = (processorMs(server.pid) - postgresBefore) / renewals;
    process.stdout.write(
      `${admission.keeper.active} limits: ${postgres.toFixed(1)} ms of PostgreSQL's processor time and ${(own / renewals).toFixed(1)} ms of metering's a renewal\n`,
    );
  }
}

/** Processor time of a server and its sessions, see proc_pid_stat(5). */
function processorMs(server: number): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = readStat(pid);
    if (Number(pid) === server || Number(fields[1]) === server) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * millisecondsPerTick;
}

/** What follows the name, which may hold spaces; empty where the process has ended. */
function readStat(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
