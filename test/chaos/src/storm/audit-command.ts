import { execFile } from 'node:child_process';
import { join } from 'node:path';

const auditMain = join(import.meta.dirname, '..', '..', '..', '..', 'services', 'billing', 'src', 'audit-main.ts');
const budgetMs = 300_000;

/** What `npm run audit` runs, against the storm's servers. Empty where it ends with 0; else what it said. */
export function runAudit(databaseUrl: string, natsUrl: string): Promise<string> {
  return new Promise((resolve) => {
    const env = { ...process.env, DATABASE_URL: databaseUrl, NATS_URL: natsUrl };
    execFile(process.execPath, [auditMain], { env, timeout: budgetMs, maxBuffer: 16 * 1_048_576 }, (error, stdout, stderr) => {
      resolve(error === null ? '' : `${stdout.slice(-4_000)}${stderr.slice(-2_000)}` || error.message);
    });
  });
}
