/**
 * Process of an embedded PostgreSQL: `node pglite-main.ts`. Environment: PGLITE_DATA_DIR (absent: in memory), PGLITE_PORT (0 or absent: any),
 * PGLITE_VECTOR (`0` leaves pgvector out). Tells its parent `{ type: 'ready', port }` over IPC and ends when the parent does.
 */
import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PgliteFront } from './pglite-front.ts';

const dataDir = process.env.PGLITE_DATA_DIR;
if (dataDir !== undefined) await mkdir(dataDir, { recursive: true });
const database = await PGlite.create({
  dataDir: dataDir ?? 'memory://',
  extensions: process.env.PGLITE_VECTOR === '0' ? {} : { vector },
});
const front = new PgliteFront(database, (error) => {
  console.error('the embedded database failed and ends', error);
  process.exit(1);
});

let stopping = false;
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  // A checkpoint that hangs must not keep the process: what is committed is in the write-ahead log.
  setTimeout(() => process.exit(1), 4_000).unref();
  await front.close();
  await database.close();
  process.exit(0);
}
for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, () => void stop());

const port = await front.listen(Number(process.env.PGLITE_PORT ?? 0));
process.send?.({ type: 'ready', port });
console.log(`PostgreSQL (PGlite) on 127.0.0.1:${port}, ${dataDir ?? 'in memory'}`);
